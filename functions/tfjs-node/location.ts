/** Where the native TensorFlow.js of this installation lies. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const tfjsNode = '@tensorflow/tfjs-node';

/**
 * Where build.ts puts it, below the folder that holds node_modules: Node looks for a package in every folder above, so
 * the built package finds the very tfjs-core there that our modules use.
 */
export const builtFolder = join('.cache', 'tfjs-node');

/** From the package's folder: what g++ makes, and what `npm ci --ignore-scripts` leaves out. */
export const bindingFile = join('lib', 'napi-v8', 'tfjs_binding.node');

/** The module to import: what `npm run build:tfjs-node` made, else npm's package where its own download worked. */
export function findTfjsNode(roots: readonly string[] = installationRoots()): string | undefined {
  const built = roots.map((root) => join(root, builtFolder, 'node_modules', tfjsNode));
  const folder = [...built, ...installedByNpm(roots)].find((folder) => existsSync(join(folder, bindingFile)));
  return folder && join(folder, 'dist', 'index.js');
}

/** The folder of the bundle (`/app/index.mjs`), or that of the checkout (`functions/tfjs-node/location.ts`). */
function installationRoots(): readonly string[] {
  return ['.', '../..'].map((relative) => fileURLToPath(new URL(relative, import.meta.url)));
}

function installedByNpm(roots: readonly string[]): readonly string[] {
  return roots.flatMap((root) => {
    try {
      return dirname(createRequire(join(root, 'index.js')).resolve(`${tfjsNode}/package.json`));
    } catch {
      return [];
    }
  });
}
