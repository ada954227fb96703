/**
 * The coordinatewise LSTM optimizer on the MNIST optimizee of arXiv 1606.04474 (15,910 coordinates, unroll 20, 2 × 20
 * units, log-sign preprocessing), beside the same in plain TensorFlow.js on its WASM backend.
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
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';

const coordinates = 15_910;
const unrollSteps = 20;
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
  async run(log) {
    await tf.setBackend('wasm');
    const backend = detectWasmBackend();
    log(`this machine runs ${backend}`);
    const contestants = {
      ours: createCoordinatewiseLstmKernel({ ...options, backend }),
      twoThreads: createCoordinatewiseLstmKernel({ ...options, backend, threads: 2 }),
      plain: createCoordinatewiseLstmKernel({ ...options, backend: 'wasm-plain' }),
      peer: createCoordinatewiseLstmReference(options),
    };
    const parameters = new Float32Array(contestants.ours.layout.size);
    randomStream(1, 'parameters').fillNormal(parameters, 0.2);
    for (const lstm of Object.values(contestants)) lstm.setParameters(parameters);

    const gradients = gradientsOfAllMagnitudes();
    const updates = new Float32Array(coordinates);
    const updateGradients = new Float32Array(unrollSteps * coordinates);
    randomStream(1, 'update-gradients').fillNormal(updateGradients, 1);
    const step = (lstm: CoordinatewiseLstm, steps: number) => () => {
      for (let index = 0; index < steps; index++) lstm.step(gradients, updates);
    };
    const stepAndSweep = (lstm: CoordinatewiseLstm) => () => {
      lstm.beginUnroll();
      step(lstm, unrollSteps)();
      lstm.backward(updateGradients);
    };
    const { ours, twoThreads, plain, peer } = contestants;

    log('forward …');
    const forward = await measureInTurn(
      {
        ours: step(ours, forwardSteps),
        twoThreads: step(twoThreads, forwardSteps),
        plain: step(plain, forwardSteps),
        peer: step(peer, forwardSteps),
      },
      7,
    );
    log('forward + backward …');
    // The peer's window is kept: backward leaves it as it was.
    peer.beginUnroll();
    step(peer, unrollSteps)();
    const both = await measureInTurn(
      {
        ours: stepAndSweep(ours),
        twoThreads: stepAndSweep(twoThreads),
        plain: stepAndSweep(plain),
        peer: () => void peer.backward(updateGradients),
      },
      3,
    );
    for (const lstm of Object.values(contestants)) lstm.dispose();

    const rows = (name: string, times: Record<keyof typeof contestants, number>, steps: number, limit: number) => {
      const figure = (milliseconds: number) => Number(((milliseconds * 1000) / (coordinates * steps)).toFixed(3));
      const row = (what: string, milliseconds: number, bound: number): BenchmarkRow => ({
        benchmark: 'optimizer-kernel',
        case: `${name}, ${coordinates} coordinates, ${what}`,
        unit: 'µs/coordinate-step',
        ours: figure(milliseconds),
        peers: { 'tfjs-wasm': figure(times.peer) },
        limit: bound,
      });
      return [
        row('1 thread', times.ours, limit),
        row('2 threads', times.twoThreads, limit),
        row('1 thread, plain SIMD', times.plain, 2 * limit),
      ];
    };
    return [...rows('forward', forward, forwardSteps, 0.6), ...rows('forward+backward', both, unrollSteps, 1.5)];
  },
};

/** Gradients as they come in training: of either sign, over many orders of magnitude. */
function gradientsOfAllMagnitudes(): Float32Array {
  const stream = randomStream(1, 'gradients');
  return Float32Array.from(
    { length: coordinates },
    () => Math.exp(-12 * stream.uniform()) * (stream.uniform() < 0.5 ? -1 : 1),
  );
}
