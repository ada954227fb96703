/** Brings tfjs-node and node-api-headers from npm, as the lock file beside this has them. */
import { copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CannotBuild } from './errors.ts';
import { run, type Tools } from './tools.ts';

/** There may be one of each in a process: these are taken from the installation, above `folder`. */
const shared = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-cpu'] as const;

/**
 * Installs into `folder`/node_modules without running the packages' scripts, for tfjs-node's downloads a TensorFlow of
 * 2022. Throws CannotBuild where `root`/node_modules has not the versions that tfjs-node is for.
 */
export async function installPackages(root: string, folder: string, { npm }: Tools): Promise<void> {
  for (const file of ['package.json', 'package-lock.json']) {
    await copyFile(new URL(`./${file}`, import.meta.url), join(folder, file));
  }
  await run(npm, ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    hint: 'It downloads the packages of functions/tfjs-node/package-lock.json: check the connection to the npm registry.',
  });
  for (const name of shared) {
    const needed = await versionIn(folder, name);
    const installed = await versionIn(root, name);
    if (installed !== needed) {
      throw new CannotBuild(
        `tfjs-node needs ${name} ${needed} in ${join(root, 'node_modules')}, and there is ${installed ?? 'none'}. Run npm ci first.`,
      );
    }
    await rm(join(folder, 'node_modules', name), { recursive: true });
  }
}

async function versionIn(root: string, name: string): Promise<string | undefined> {
  try {
    return JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}
