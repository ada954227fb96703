/**
 * The published package is one JavaScript file, and what its modules name as `new URL('./…', import.meta.url)` (kernels,
 * trained optimizers) is inside it as `data:` URLs: bundlers disagree on what becomes of such files, esbuild and Vite's
 * development server lose them, and a browser would have to fetch them. `lib/numerics/read-asset.ts` reads either.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

/** As in `namedAssets` of lib/pipeline/code-digest.ts. */
const assetPattern = /new URL\(\s*['"](\.{1,2}\/[^'"]+)['"],\s*import\.meta\.url,?\s*\)/g;

export const inlineAssets: Plugin = {
  name: 'inline-assets',
  setup(build) {
    build.onLoad({ filter: /\/lib\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const assets = new Map<string, string>();
      for (const [, asset] of source.matchAll(assetPattern)) {
        assets.set(asset!, (await readFile(join(dirname(path), asset!))).toString('base64'));
      }
      const contents = source.replaceAll(
        assetPattern,
        (_, asset: string) => `new URL('data:application/octet-stream;base64,${assets.get(asset)}')`,
      );
      return { contents, loader: 'ts' };
    });
  },
};
