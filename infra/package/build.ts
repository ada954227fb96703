/**
 * Makes what `npm pack` publishes: `dist/index.js`, one ECMAScript module for Node from 20 up and for browsers, and the
 * declarations beside it. `npm run build` and, by `prepack`, `npm pack` and `npm publish` run it; `npm ci` and `npm start` do not.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { projectRoot } from '../deployable-code.ts';
import { inlineAssets } from './inline-assets.ts';

/** Writes `index.js` below `directory`. Its imports from elsewhere, which are to be the user's own packages. */
export async function bundlePackage(directory: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: ['lib/index.ts'],
    outfile: join(directory, 'index.js'),
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
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return [...new Set(imports.filter(({ external }) => external).map(({ path }) => path))];
}

/** Writes the declarations of `lib/index.ts` and all that it mentions below `directory`. */
export async function declarePackage(directory: string): Promise<void> {
  const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
  const settings = ['--project', 'infra/package/tsconfig.json', '--outDir', directory];
  await promisify(execFile)(process.execPath, [tsc, ...settings], { cwd: projectRoot });
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.d.ts')) continue;
    const file = join(entry.parentPath, entry.name);
    const declarations = await readFile(file, 'utf8');
    // Compilers before 5.0, and some bundlers of declarations, know only the name of what is there at run time.
    await writeFile(file, declarations.replaceAll(/(from '\.{1,2}\/[^']+)\.ts'/g, "$1.js'"));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = join(projectRoot, 'dist');
  await rm(directory, { recursive: true, force: true });
  await Promise.all([bundlePackage(directory), declarePackage(directory)]);
}
