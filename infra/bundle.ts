/**
 * Makes the folders that a deployment uploads, with esbuild and without Docker: each Lambda as `index.mjs` with the
 * files that its modules read, and the training image's build context.
 */
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { experiments } from '../lib/experiments.ts';
import { computeCodeDigests, computeCodeSources, namedAssets } from '../lib/pipeline/code-digest.ts';
import { type LambdaStage, lambdaStages } from '../lib/pipeline/stages.ts';
import { type DeployableCode, projectRoot, standaloneFunctions } from './deployable-code.ts';
import { builtInFetch, englishOnly, lazyBuiltins } from './lean-bundles.ts';

/** Bundles everything, calls `use` with the folders, and removes them; CDK has copied what it needs by then. */
export async function withBundledCode<Result>(use: (code: DeployableCode) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'stepwise-bundles-'));
  try {
    return await use(await bundleCode(directory));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Writes one folder a Lambda and one for the image below `directory`. The same sources give the same bytes. */
export async function bundleCode(directory: string): Promise<DeployableCode> {
  const digests = `${JSON.stringify(await computeCodeDigests(projectRoot, experiments.all()), undefined, 2)}\n`;
  const bundleAll = async (names: readonly string[]): Promise<Record<string, string>> =>
    Object.fromEntries(
      await Promise.all(
        names.map(async (name): Promise<[string, string]> => {
          const folder = join(directory, name);
          await bundleEntry(`${name}.lambda.ts`, folder, digests);
          return [name, folder];
        }),
      ),
    );
  const stageDirectories = (await bundleAll(lambdaStages)) as Record<LambdaStage, string>;
  // Only Aggregate writes down what the digests are made of, and only it carries the longer table.
  const sources = JSON.stringify(await computeCodeSources(projectRoot, experiments.all()));
  await writeFile(join(stageDirectories.aggregate, 'code-sources.json'), sources);
  const functionDirectories = await bundleAll(standaloneFunctions());
  const imageDirectory = join(directory, 'train');
  await bundleEntry('train.container.ts', imageDirectory, digests);
  for (const file of ['functions/Dockerfile', 'package.json', 'package-lock.json']) {
    await copyFile(join(projectRoot, file), join(imageDirectory, basename(file)));
  }
  await mkdir(join(imageDirectory, 'cli'));
  await copyFile(join(projectRoot, 'cli/package.json'), join(imageDirectory, 'cli/package.json'));
  // As it is here, and at its place: the image's build is what `npm run build:tfjs-node` does on a laptop.
  await cp(join(projectRoot, 'functions/tfjs-node'), join(imageDirectory, 'functions/tfjs-node'), { recursive: true });
  return { stageDirectories, functionDirectories, imageDirectory };
}

/** Bundles one entry of `functions/` into a folder, as `index.mjs` and what it loads later. */
export async function bundleEntry(entry: string, folder: string, codeDigests: string): Promise<void> {
  // The image has node_modules, and tfjs-node must find there the same tfjs-core that our modules use.
  const isContainer = entry.endsWith('.container.ts');
  const { metafile } = await build({
    ...options,
    entryPoints: [{ in: `functions/${entry}`, out: 'index' }],
    outdir: folder,
    splitting: !whole.has(entry),
    metafile: true,
    external: [...options.external, ...(isContainer ? ['@tensorflow/*'] : [])],
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'code-digests.json'), codeDigests);
  for (const input of Object.keys(metafile.inputs)) {
    if (input.startsWith('lib/')) await bringAssets(input, folder);
  }
  if (computing.has(entry)) {
    const wasm = createRequire(import.meta.url).resolve(
      '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
    );
    await copyFile(wasm, join(folder, 'tfjs-backend-wasm-simd.wasm'));
  }
}

/** Lambdas that need all of their code for their first answer: one file is found and linked sooner than thirty. */
const whole: ReadonlySet<string> = new Set(['start-on-upload.lambda.ts', 'start-on-schedule.lambda.ts']);

/** The Lambdas that compute with TensorFlow.js. */
const computing: ReadonlySet<string> = new Set(['evaluate.lambda.ts', 'api.lambda.ts']);

const options = {
  absWorkingDir: projectRoot,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  // Names are kept because errors are retried and caught by theirs.
  minify: true,
  keepNames: true,
  legalComments: 'none',
  // The packages' main entries are CommonJS, which cannot be shaken.
  mainFields: ['module', 'main'],
  // esbuild computes code digests in a checkout, and a bundle carries the table; canvas is what Vega could use instead of SVG.
  external: ['esbuild', 'canvas'],
  plugins: [englishOnly, lazyBuiltins, builtInFetch],
  banner: {
    js: [
      "import { createRequire as bundleCreateRequire } from 'node:module';",
      'const require = bundleCreateRequire(import.meta.url);',
      // TensorFlow's WASM loader is CommonJS and asks for them.
      'const __dirname = import.meta.dirname, __filename = import.meta.filename;',
    ].join(''),
  },
  logLevel: 'error',
} satisfies BuildOptions;

/** What the kernels for one processor are compiled from: the digest of the code covers it, a Lambda computes in WebAssembly. */
const nativeSource = /\.(cc|hh)$/;

/**
 * Brings what a module names as `new URL('./…', import.meta.url)`: in a bundle that is relative to the bundle, so a file
 * goes to the same relative place, and a worker written in TypeScript becomes a bundle of its own there.
 */
async function bringAssets(input: string, folder: string): Promise<void> {
  for (const asset of namedAssets(await readFile(join(projectRoot, input), 'utf8'))) {
    const source = join(projectRoot, dirname(input), asset);
    // As the code digest does: what is not there is prose, or belongs to a build of its own.
    if (!existsSync(source) || nativeSource.test(asset)) continue;
    const target = join(folder, asset);
    if (!target.startsWith(join(folder, '/'))) {
      throw new Error(
        `${input} reads ${asset}, which would lie outside the bundle: keep it beside or below the module.`,
      );
    }
    if (asset.endsWith('.ts')) {
      await build({ ...options, entryPoints: [source], outfile: target.replace(/\.ts$/, '.mjs') });
    } else if (!asset.endsWith('/')) {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(source, target);
    }
  }
}
