import { expect, test } from 'vitest';
import { attribute } from '../../../bench/profiling/attribute.ts';
import { type FrameText, frameOf, root } from './sample-profile.ts';

/** Outermost frame first. */
function categoryOf(...frames: readonly FrameText[]): string {
  const [frame, ...callers] = frames.toReversed().map(frameOf);
  return attribute({ frame: frame!, callers }, root).category;
}

const tensorFlow = 'file:///project/node_modules/@tensorflow/tfjs-backend-wasm/dist/index.js';
const kernel: FrameText = 'wasm-function[3] wasm://wasm/abc';

test('WebAssembly belongs to the one who called it', () => {
  expect(categoryOf('train lib/layer-norm/training/draw.ts', 'step lib/kernels/recurrent.ts', kernel)).toBe('kernels');
  expect(categoryOf('step lib/kernels/recurrent.ts', kernel, kernel)).toBe('kernels');
  expect(categoryOf('loss lib/layer-norm/models/draw.ts', `matMul ${tensorFlow}`, kernel)).toBe('tensorflow-kernels');
});

test('WebAssembly that strips types as a module is loaded is no kernel', () => {
  expect(categoryOf('load node:internal/modules/typescript', 'strip node:internal/deps/amaro', kernel)).toBe('modules');
});

test('a file of the project has its folder’s category', () => {
  expect(categoryOf('loss lib/learned-optimizers/problems/quadratics.ts')).toBe('models');
  expect(categoryOf('update lib/training/adam.ts')).toBe('models');
  expect(categoryOf('copyIn lib/kernels/recurrent.ts')).toBe('kernel-calls');
  expect(categoryOf('decode lib/datasets/idx.ts')).toBe('datasets');
  expect(categoryOf('put lib/storage/folder-object-store.ts')).toBe('pipeline');
  expect(categoryOf('run cli/execute-run.ts')).toBe('pipeline');
  expect(categoryOf(`matMul ${tensorFlow}`)).toBe('tensorflow-javascript');
});

test('what belongs to nobody is its caller’s, and Node’s own is input and output', () => {
  expect(categoryOf('copyIn lib/kernels/recurrent.ts', 'set builtin')).toBe('kernel-calls');
  expect(categoryOf('read lib/datasets/idx.ts', 'readFile node:fs', 'read builtin')).toBe('datasets');
  expect(categoryOf('report lib/report/render-chart.ts', 'parse file:///project/node_modules/vega/vega.js')).toBe(
    'pipeline',
  );
  expect(categoryOf('processTimers node:internal/timers')).toBe('pipeline');
});

test('JSON is JSON whoever asked for it, and a function of that name is not', () => {
  expect(categoryOf('decode lib/datasets/mnist.ts', 'parse builtin')).toBe('json');
  expect(categoryOf('put lib/pipeline/artifacts.ts', 'stringify builtin')).toBe('json');
  expect(categoryOf('parse lib/datasets/idx.ts')).toBe('datasets');
});

test('the body of a module runs as it is loaded', () => {
  expect(categoryOf('run node:internal/modules/esm/module_job', ' lib/layer-norm/index.ts')).toBe('modules');
  expect(categoryOf(' lib/pipeline/records.ts', 'object file:///project/node_modules/zod/index.js')).toBe('modules');
});

test('the engine’s states', () => {
  expect(categoryOf('(garbage collector) builtin')).toBe('garbage-collection');
  expect(categoryOf('(idle) builtin')).toBe('waiting');
  expect(categoryOf('(program) builtin')).toBe('native');
  expect(categoryOf('run lib/kernels/thread-pool.ts', 'awaitChange lib/kernels/thread-pool.ts', 'wait builtin')).toBe(
    'waiting',
  );
});

test('a label names the function, and the file that it was attributed by', () => {
  const labelOf = (frame: FrameText, ...callers: readonly FrameText[]) =>
    attribute({ frame: frameOf(frame), callers: callers.map(frameOf) }, root).label;
  const copyIn: FrameText = 'copyIn lib/kernels/recurrent.ts';
  expect(labelOf(copyIn)).toBe('copyIn lib/kernels/recurrent.ts');
  expect(labelOf('set builtin', copyIn)).toBe('set ← copyIn lib/kernels/recurrent.ts');
  expect(labelOf('RegExp: a|b builtin', copyIn)).toBe('RegExp ← copyIn lib/kernels/recurrent.ts');
  expect(labelOf(`matMul ${tensorFlow}`)).toBe('matMul @tensorflow/tfjs-backend-wasm');
  expect(labelOf('visit file:///elsewhere/node_modules/esbuild/lib/main.js')).toBe('visit esbuild');
  expect(labelOf('read builtin')).toBe('read V8');
});
