/**
 * Makes what `npm pack` publishes: an ECMAScript module for each of its entries, `dist/index.js` and `dist/layers.js`, for
 * Node from 20 up and for browsers, and the declarations beside them. `npm run build` and, by `prepack`, `npm pack` and `npm publish` run it; `npm ci` and `npm start` do not.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { projectRoot } from '../deployable-code.ts';
import { inlineAssets } from './inline-assets.ts';

/** The package's entries, each a module of `lib` and a file of `dist`: what they import is in every one of them again. */
export const packageEntries = ['index', 'layers'] as const;
export type PackageEntry = (typeof packageEntries)[number];

/** Writes `index.js` and `layers.js` below `directory`. What each imports from elsewhere: the user's own packages. */
export async function bundlePackage(directory: string): Promise<Readonly<Record<PackageEntry, readonly string[]>>> {
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: packageEntries.map((entry) => `lib/${entry}.ts`),
    outdir: directory,
    bundle: true,
    format: 'esm',
    // Neutral: nothing of Node may be imported, or a browser could not load it.
    platform: 'neutral',
    target: ['es2023', 'node20'],
    packages: 'external',
    // Readable, and errors keep their names. Users' bundlers minify.
    keepNames: true,
    plugins: [inlineAssets],
    metafile: true,
    logLevel: 'error',
  });
  const imports = Object.values(metafile.outputs).map(({ entryPoint, imports }) => [
    basename(entryPoint!, '.ts'),
    [...new Set(imports.filter(({ external }) => external).map(({ path }) => path))].sort(),
  ]);
  return Object.fromEntries(imports);
}

/** Writes the declarations of the entries and all that they mention below `directory`. */
export async function declarePackage(directory: string): Promise<void> {
  const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
  const settings = ['--project', 'infra/package/tsconfig.json', '--outDir', directory];
  await promisify(execFile)(process.execPath, [tsc, ...settings], { cwd: projectRoot });
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.d.ts')) continue;
    const file = join(entry.parentPath, entry.name);
    const declarations = await readFile(file, 'utf8');
    // Compilers before 5.0, and some bundlers of declarations, know only the name of what is there at run time.
    await writeFile(file, declarations.replaceAll(/((?:from |import\()(['"])\.{1,2}\/[^'"]+)\.ts\2/g, '$1.js$2'));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = join(projectRoot, 'dist');
  await rm(directory, { recursive: true, force: true });
  await Promise.all([bundlePackage(directory), declarePackage(directory)]);
}
