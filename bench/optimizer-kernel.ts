/**
 * The coordinatewise LSTM optimizer on the MNIST optimizee of arXiv 1606.04474 (15,910 coordinates, unroll 20, 2 × 20
 * units, log-sign preprocessing), in WebAssembly and, where there is g++, compiled for this processor; beside the same in
 * plain TensorFlow.js, on its WASM backend and on tfjs-node where that is installed, and in JAX and PyTorch where Python has them.
 *
 * Forward: a step. Forward + backward: a step and its share of one backward sweep over all coordinates. The peer's is one
 * `tf.grads` over the window, which has its forward pass inside: it is not made to run that twice.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import type { CoordinatewiseLstm } from '../lib/kernels/coordinatewise-lstm.ts';
import { createCoordinatewiseLstmKernel } from '../lib/kernels/coordinatewise-lstm-kernel.ts';
import { createCoordinatewiseLstmReference } from '../lib/kernels/coordinatewise-lstm-reference.ts';
import { detectWasmBackend } from '../lib/numerics/backend.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { type Benchmark, type BenchmarkContext, type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { leastNanoseconds } from './machine-peaks.ts';
import { figuresOf, measurePeersInPython } from './python-peers.ts';
import { useTfjsNode } from './tfjs-node.ts';

const coordinates = 15_910;
const unrollSteps = 20;
const hidden = 20;
/** Of a coordinate's step: the gates' products of two layers, with the preprocessed gradient and then `hidden` inputs, and the output's. */
const forwardOperations = 2 * (4 * hidden * (2 + hidden) + 4 * hidden * (hidden + hidden) + hidden);
/** Each product goes backward twice: to its inputs and to its weights. */
const backwardOperations = 2 * forwardOperations;
/** Steps of a forward measurement. */
const forwardSteps = 5;
const options = {
  coordinates,
  unrollSteps,
  preprocessing: { kind: 'log-sign', p: 10 },
  outputScale: 0.1,
} as const;

export const optimizerKernel: Benchmark = {
  name: 'optimizer-kernel',
  async run(log, context) {
    await tf.setBackend('wasm');
    const backend = detectWasmBackend();
    log(`this machine runs ${backend}`);
    const kernel = (build: 'wasm-relaxed' | 'wasm-plain' | 'native', threads: 1 | 2) =>
      createCoordinatewiseLstmKernel({ ...options, backend: build, threads });
    const contestants: Record<string, CoordinatewiseLstm> = {
      ours: kernel(backend, 1),
      twoThreads: kernel(backend, 2),
      plain: kernel('wasm-plain', 1),
      ...(context.peaks.nativeGigaflops && { native: kernel('native', 1), nativeTwoThreads: kernel('native', 2) }),
    };
    const peer = createCoordinatewiseLstmReference(options);
    const parameters = new Float32Array(peer.layout.size);
    randomStream(1, 'parameters').fillNormal(parameters, 0.2);
    for (const lstm of [...Object.values(contestants), peer]) lstm.setParameters(parameters);

    const gradients = gradientsOfAllMagnitudes();
    const updates = new Float32Array(coordinates);
    const updateGradients = new Float32Array(unrollSteps * coordinates);
    randomStream(1, 'update-gradients').fillNormal(updateGradients, 1);
    const step = (lstm: CoordinatewiseLstm, steps: number) => () => {
      for (let index = 0; index < steps; index++) lstm.step(gradients, updates);
    };
    const measureTfjsNode = async () => {
      if (!(await useTfjsNode())) return undefined;
      log('tfjs-node …');
      const lstm = createCoordinatewiseLstmReference(options);
      lstm.setParameters(parameters);
      const { forward } = await measureInTurn({ forward: step(lstm, forwardSteps) }, 7);
      lstm.beginUnroll();
      step(lstm, unrollSteps)();
      const { both } = await measureInTurn({ both: () => void lstm.backward(updateGradients) }, 3);
      lstm.dispose();
      await tf.setBackend('wasm');
      return { forward, 'forward+backward': both };
    };
    const stepAndSweep = (lstm: CoordinatewiseLstm) => () => {
      lstm.beginUnroll();
      step(lstm, unrollSteps)();
      lstm.backward(updateGradients);
    };
    const inTurn = (work: (lstm: CoordinatewiseLstm) => () => void, ofPeer: () => void, rounds: number) => {
      const ofOurs = Object.entries(contestants).map(([name, lstm]) => [name, work(lstm)] as const);
      return measureInTurn<string>({ ...Object.fromEntries(ofOurs), peer: ofPeer }, rounds);
    };

    log('forward …');
    const forward = await inTurn((lstm) => step(lstm, forwardSteps), step(peer, forwardSteps), 7);
    log('forward + backward …');
    // The peer's window is kept: backward leaves it as it was.
    peer.beginUnroll();
    step(peer, unrollSteps)();
    const both = await inTurn(stepAndSweep, () => void peer.backward(updateGradients), 3);
    for (const lstm of [...Object.values(contestants), peer]) lstm.dispose();

    const tfjsNode = await measureTfjsNode();
    const python = await measurePython(context, log);
    const rows = (
      name: 'forward' | 'forward+backward',
      times: Readonly<Record<string, number>>,
      steps: number,
      limit: number,
    ) => {
      const figure = (milliseconds: number) => Number(((milliseconds * 1000) / (coordinates * steps)).toFixed(3));
      const operations = forwardOperations + (name === 'forward' ? 0 : backwardOperations);
      const row = (contestant: string, what: string, bound: number, threads: 1 | 2): BenchmarkRow => ({
        benchmark: 'optimizer-kernel',
        case: `${name}, ${coordinates} coordinates, ${what}`,
        unit: 'µs/coordinate-step',
        ours: figure(times[contestant]!),
        peers: {
          'tfjs-wasm': figure(times.peer!),
          ...(tfjsNode ? { 'tfjs-node': figure(tfjsNode[name]) } : {}),
          ...figuresOf(python[threads], name),
        },
        limit: bound,
        physicalLimit:
          leastNanoseconds({ operations, threads, native: contestant.startsWith('native') }, context.peaks) / 1000,
      });
      const onTwo = Number((limit / 1.8).toPrecision(2));
      const native = [
        { ...row('native', '1 thread, native', limit, 1), headline: true as const },
        { ...row('nativeTwoThreads', '2 threads, native', onTwo, 2), headline: true as const },
      ];
      return [
        ...(times.native === undefined ? [] : native),
        { ...row('ours', '1 thread', limit, 1), headline: true as const },
        { ...row('twoThreads', '2 threads', onTwo, 2), headline: true as const },
        row('plain', '1 thread, plain SIMD', 2 * limit, 1),
      ];
    };
    return [...rows('forward', forward, forwardSteps, 0.45), ...rows('forward+backward', both, unrollSteps, 0.9)];
  },
};

async function measurePython({ python }: BenchmarkContext, log: (line: string) => void) {
  const onThreads = (threads: number) => measurePeersInPython('optimizer_kernel.py', python, log, [String(threads)]);
  return { 1: await onThreads(1), 2: await onThreads(2) };
}

/** Gradients as they come in training: of either sign, over many orders of magnitude. */
function gradientsOfAllMagnitudes(): Float32Array {
  const stream = randomStream(1, 'gradients');
  return Float32Array.from(
    { length: coordinates },
    () => Math.exp(-12 * stream.uniform()) * (stream.uniform() < 0.5 ? -1 : 1),
  );
}
