/** What `npm pack` publishes, without the registry; `npm run examples` installs and runs the tarball itself. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '../../infra/deployable-code.ts';
import { bundlePackage, declarePackage } from '../../infra/package/build.ts';
import manifest from '../../package.json' with { type: 'json' };

let folder: string;
let installed: string;
let imports: Awaited<ReturnType<typeof bundlePackage>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-package-'));
  installed = join(folder, 'node_modules', manifest.name);
  await mkdir(installed, { recursive: true });
  await symlink(join(projectRoot, 'node_modules/@tensorflow'), join(folder, 'node_modules/@tensorflow'));
  await writeFile(join(installed, 'package.json'), JSON.stringify(manifest));
  imports = await bundlePackage(join(installed, 'dist'));
  await declarePackage(join(installed, 'dist'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the manifest', () => {
  test('asks for TensorFlow.js’s core as a peer, for its layers where ours are used, and for nothing else', () => {
    expect(Object.keys(manifest.peerDependencies)).toEqual(['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers']);
    expect(manifest.peerDependenciesMeta).toEqual({ '@tensorflow/tfjs-layers': { optional: true } });
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('optionalDependencies');
    expect(manifest).not.toHaveProperty('private');
    expect(imports.index).toEqual(['@tensorflow/tfjs-core']);
    expect(imports.layers).toEqual(['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers']);
  });

  test('exports files that are there and are published', () => {
    const entries = [manifest.exports['.'], manifest.exports['./layers']];
    expect(manifest.files).toContain('dist');
    for (const file of [...entries.flatMap((entry) => Object.values(entry)), manifest.types]) {
      expect(file).toMatch(/^\.\/dist\//);
      expect(existsSync(join(installed, file)), file).toBe(true);
    }
  });
});

test('the declarations find each other, and name nothing of Node; the optimizers’ name no layers', async () => {
  const dist = join(installed, 'dist');
  for (const file of (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.d.ts'))) {
    const declarations = await readFile(join(dist, file), 'utf8');
    for (const [, specifier] of declarations.matchAll(/(?:from |import\()['"]([^'"]+)['"]/g)) {
      if (specifier === '@tensorflow/tfjs-core') continue;
      if (
        specifier === '@tensorflow/tfjs-layers' &&
        /^(tensorflow-layers|(layer-norm|random-walk)\/layers)\//.test(file)
      )
        continue;
      expect(specifier, file).toMatch(/^\.{1,2}\/.*\.js$/);
      expect(existsSync(join(dist, dirname(file), specifier!.replace(/\.js$/, '.d.ts'))), `${file}: ${specifier}`).toBe(
        true,
      );
    }
  }
});

/** Strangers' modules. What each `run` gives is to be compared. */
const consumers = {
  /** A few steps of a shipped optimizer. */
  optimizer: `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-cpu';
    import '@tensorflow/tfjs-layers';
    import { LearnedOptimizer } from 'stepwise';
    export async function run() {
      await tf.setBackend('cpu');
      const theta = tf.variable(tf.tensor1d([1, -2, 3]));
      const optimizer = await LearnedOptimizer.load('mnist');
      for (let step = 0; step < 20; step++) optimizer.minimize(() => tf.sum(tf.square(theta)));
      const isOwn = Object.prototype.isPrototypeOf.call(tf.Optimizer.prototype, LearnedOptimizer.prototype);
      return { values: [...theta.dataSync()], isOwn, on: optimizer.computesOn };
    }`,
  /** A few steps of training a recurrent model, with a layer from here where \`tf.layers.lstm\` was. */
  layers: `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-cpu';
    import { layers, sequential } from '@tensorflow/tfjs-layers';
    import { layerNormLSTM, weightNormDense } from 'stepwise/layers';
    export async function run() {
      await tf.setBackend('cpu');
      const kernelInitializer = (seed) => ({ className: 'RandomNormal', config: { mean: 0, stddev: 0.3, seed } });
      const recurrent = layerNormLSTM({
        units: 4, inputShape: [3, 2], kernelInitializer: kernelInitializer(1), recurrentInitializer: kernelInitializer(2),
      });
      const model = sequential({ layers: [recurrent, weightNormDense({ units: 1, directionInitializer: 'ones' })] });
      model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
      const x = tf.randomNormal([8, 3, 2], 0, 1, 'float32', 3);
      for (let step = 0; step < 5; step++) await model.trainOnBatch(x, tf.sum(x, [1, 2]));
      return { values: [...model.predict(x).dataSync()], isOwn: recurrent instanceof layers.Layer };
    }`,
  /** Segments of a picture, refined; its errors are the package's own classes. */
  refinement: `
    import { InvalidWalkInput, InvalidWalkSetting, KernelShapeError, refine, WalkNotConverged } from 'stepwise';
    export async function run() {
      const [height, width, classes] = [6, 10, 3];
      const picture = { height, width, data: Uint8ClampedArray.from({ length: 240 }, (_, at) => (29 * at + at ** 2) % 256) };
      const data = Float32Array.from({ length: 180 }, (_, at) => (at % 3 === Math.floor(at / 30) % 3 ? 0.8 : 0.1));
      const refined = refine(picture, { height, width, classes, data }, { alpha: 0.99, affinityWeights: [-2, -1, -3] });
      const errorOf = (call) => { try { call(); } catch (error) { return error; } };
      const isOwn =
        errorOf(() => refine(picture, { height, width, classes, data: data.fill(2) })) instanceof InvalidWalkInput &&
        errorOf(() => refine(picture, refined, { alpha: 2 })) instanceof InvalidWalkSetting &&
        errorOf(() => refine(large, { ...large, classes: 1, data: new Float32Array(16e6).fill(1) })) instanceof KernelShapeError &&
        WalkNotConverged.prototype instanceof Error;
      return { values: [...refined.data, refined.steps], isOwn };
    }
    const large = { height: 4000, width: 4000, data: new Uint8Array(16e6) };`,
  /** A segmentation network and its affinities, trained together. */
  walk: `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-cpu';
    import { input, layers, metrics, model as modelOf, initializers } from '@tensorflow/tfjs-layers';
    import { PixelAffinity, pixelAffinity, RandomWalk, randomWalk, sameLabelLoss, sameLabelPairs } from 'stepwise/layers';
    export async function run() {
      await tf.setBackend('cpu');
      const image = input({ shape: [4, 5, 3] });
      const kernelInitializer = initializers.randomNormal({ stddev: 0.3, seed: 1 });
      const scores = layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', kernelInitializer }).apply(image);
      const [affinity, walk] = [pixelAffinity({ radius: 2 }), randomWalk({ radius: 2 })];
      const affinities = affinity.apply(image);
      const segmentation = layers.activation({ activation: 'softmax' }).apply(walk.apply([scores, affinities]));
      const model = modelOf({ inputs: image, outputs: [segmentation, affinities] });
      model.compile({ optimizer: tf.train.sgd(0.1), loss: [metrics.categoricalCrossentropy, sameLabelLoss] });
      const x = tf.randomUniform([2, 4, 5, 3], 0, 1, 'float32', 3);
      const labels = tf.cast(tf.greater(tf.mean(x, 3), 0.5), 'int32');
      const targets = [tf.oneHot(labels, 2), sameLabelPairs(labels, { radius: 2 })];
      for (let step = 0; step < 3; step++) await model.trainOnBatch(x, targets);
      const isOwn = affinity instanceof PixelAffinity && walk instanceof RandomWalk && walk instanceof layers.Layer;
      return { values: [...model.predict(x)[0].dataSync(), ...affinity.getWeights()[0].dataSync()], isOwn };
    }`,
};
interface Found {
  readonly values: number[];
  readonly isOwn: boolean;
  readonly on?: string;
}

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
);
if (!browser) console.warn('Skipped: no Chromium or Chrome here to run the package in.');

async function runInNode(consumer: keyof typeof consumers): Promise<Found> {
  await writeFile(join(folder, `${consumer}.mjs`), consumers[consumer]);
  const script = `console.log(JSON.stringify(await (await import('./${consumer}.mjs')).run()))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

test('in Node: imports by its name, and is an optimizer of the user’s own TensorFlow.js', async () => {
  const { values: theta, isOwn, on } = await runInNode('optimizer');
  expect(isOwn).toBe(true);
  expect(on).toBe('kernel');
  // Downhill: ‖θ‖² was 14.
  expect(theta.reduce((sum, value) => sum + value ** 2, 0)).toBeLessThan(12);
});

test('in Node: refines without a backend of TensorFlow.js, and throws what can be told apart', async () => {
  const { values, isOwn } = await runInNode('refinement');
  expect(isOwn).toBe(true);
  for (let pixel = 0; pixel < 60; pixel++) {
    expect(values[3 * pixel]! + values[3 * pixel + 1]! + values[3 * pixel + 2]!).toBeCloseTo(1, 6);
  }
});

test('in Node: layers are those of the user’s own TensorFlow.js, and train', async () => {
  const { values, isOwn } = await runInNode('layers');
  expect(isOwn).toBe(true);
  expect(values.every(Number.isFinite)).toBe(true);
});

describe('what the documentation shows runs as it stands', () => {
  // '@tensorflow/tfjs' is these packages in one, and not installed here.
  const whole = `import * as tf from '@tensorflow/tfjs';`;
  const parts = `
    import * as core from '@tensorflow/tfjs-core';
    import * as layers from '@tensorflow/tfjs-layers';
    import '@tensorflow/tfjs-backend-cpu';
    const tf = { ...core, ...layers };`;

  async function linesOf(file: string, pattern: RegExp): Promise<string> {
    return (await readFile(join(projectRoot, file), 'utf8')).match(pattern)![1]!;
  }
  async function runModule(source: string): Promise<string> {
    await writeFile(join(folder, 'shown.mjs'), source);
    return (await promisify(execFile)(process.execPath, ['shown.mjs'], { cwd: folder })).stdout;
  }
  async function run(file: string, pattern: RegExp, before: string, after: string): Promise<string> {
    const lines = await linesOf(file, pattern);
    expect(lines).toContain(whole);
    return runModule(`${lines.replace(whole, parts + before)}\n${after}`);
  }

  test('README.md', async () => {
    const data = `
      const images = tf.randomUniform([256, 784], 0, 1, 'float32', 1);
      const labels = tf.oneHot(tf.cast(tf.randomUniform([256], 0, 10, 'float32', 2), 'int32'), 10);`;
    const print = 'console.log(model.optimizer.getClassName(), model.optimizer.iterations);';
    const pattern = /## In your own TensorFlow\.js model.*?```js\n(.*?)```/s;
    expect(await run('README.md', pattern, data, print)).toMatch(/LearnedOptimizer 2\n$/);
  });

  test('docs/layers.md names what stepwise/layers exports, all of it but errors', async () => {
    const table = (await readFile(join(projectRoot, 'docs/layers.md'), 'utf8')).match(
      /## What there is\n.*?\n(\|.*?)\n\n/s,
    )![1]!;
    const named = table.split('\n').flatMap((row) => row.split('|')[1]?.match(/[A-Za-z]+(?=`)/g) ?? []);
    const layers = await import('../../lib/layers.ts');
    const exported = Object.keys(layers).filter((name) => {
      const value = layers[name as keyof typeof layers] as { readonly prototype?: unknown };
      return !(value.prototype instanceof Error);
    });
    expect(named.toSorted()).toEqual(exported.toSorted());
  });

  test('docs/layers.md', async () => {
    const data = 'const [sequences, targets] = [tf.ones([4, 3, 8]), tf.ones([4, 1])];';
    const print = 'console.log(model.layers[1].getClassName(), model.optimizer.iterations);';
    expect(await run('docs/layers.md', /```js\n(.*?)```/s, data, print)).toMatch(/StepwiseLayerNormLSTM 2\n$/);
  });

  test('docs/refine.md: a segmentation gets the edge of its picture, as the page says', async () => {
    const lines = await linesOf('docs/refine.md', /```js\n(.*?)```/s);
    const said = lines.match(/console\.log\(.*\); \/\/ (.*)\n$/)![1]!;
    expect(said).toBe('0 0 0 0 0 1 1 1 1 1 1 1');
    expect(await runModule(lines)).toBe(`${said}\n`);
  });

  test('docs/refine.md: a network and its walk', async () => {
    const data = `
      const [height, width, classes] = [12, 13, 3];
      const images = tf.randomUniform([4, height, width, 3], 0, 1, 'float32', 1);
      const labels = tf.cast(tf.randomUniform([4, height, width], 0, 3, 'float32', 2), 'int32');`;
    const print = `
      const [before] = model.predict(images);
      console.log(model.optimizer.iterations, predictor.predict(images).shape, before.shape);
      console.log(model.getLayer('affinity').getWeights()[0].shape);`;
    const pattern = /## A segmentation network.*?```js\n(.*?)```/s;
    expect(await run('docs/refine.md', pattern, data, print)).toMatch(
      /4 \[ 4, 12, 13, 3 \] \[ 4, 12, 13, 3 \]\n\[ 11 \]\n$/,
    );
  });
});

test.skipIf(!browser).each(['optimizer', 'layers', 'refinement', 'walk'] as const)(
  'in a page of a browser: the same numbers, from one file and without a bundler’s help: %s',
  async (consumer) => {
    const entry = `${consumers[consumer]}\nrun().then((found) => { document.body.textContent = JSON.stringify(found); });`;
    const { outputFiles, warnings } = await build({
      stdin: { contents: entry, resolveDir: folder },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    const page = join(folder, 'page.html');
    await writeFile(join(folder, 'page.js'), outputFiles[0]!.text);
    await writeFile(page, '<!doctype html><body><script src="page.js"></script></body>');
    const { stdout } = await promisify(execFile)(
      browser!,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--user-data-dir=${join(folder, 'profile')}`,
        '--virtual-time-budget=20000',
        '--dump-dom',
        pathToFileURL(page).href,
      ],
      { maxBuffer: 2 ** 26 },
    );
    const found: Found = JSON.parse(stdout.match(/\{"values".*\}/)![0]);
    const expected = await runInNode(consumer);
    expect(found.isOwn).toBe(true);
    expect(found.on).toBe(expected.on);
    expect(found.values).toHaveLength(expected.values.length);
    for (const [index, value] of expected.values.entries()) expect(found.values[index]).toBeCloseTo(value, 4);
  },
);
