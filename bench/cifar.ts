/**
 * Meta-training on the CIFAR-10 optimizee (arXiv 1606.04474 §3.3: 22,602 coordinates, minibatches of 128, unroll 20, one
 * optimizer for the filters and one for all else), optimizee and optimizers apart, beside TensorFlow.js.
 *
 * Rates are coordinate-steps a second: 22,602 coordinates times the steps done. The optimizee's step is a loss and its
 * gradient; the optimizers' are their steps, with their share of the backward sweep. The peer for the optimizee is
 * TensorFlow.js on tfjs-node where that is installed: its WASM backend has no filter gradient, so that of the WASM backend
 * is the loss alone, on a minibatch as large, and so better than any gradient could be.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { convolutionalNetworkTensors } from '../lib/kernels/convolutional-network.ts';
import { createConvolutionalNetworkKernel } from '../lib/kernels/convolutional-network-kernel.ts';
import {
  convolutionalNetworkLoss,
  createConvolutionalNetworkReference,
} from '../lib/kernels/convolutional-network-reference.ts';
import { createCoordinatewiseLstmReference } from '../lib/kernels/coordinatewise-lstm-reference.ts';
import { selectCoordinates } from '../lib/learned-optimizers/meta-gradient.ts';
import { initializeParameters, type OptimizerNetwork } from '../lib/learned-optimizers/optimizer-network.ts';
import { layOutTensors } from '../lib/learned-optimizers/problems/problem.ts';
import { createOptimizers } from '../lib/learned-optimizers/training/cifar.ts';
import { detectWasmBackend } from '../lib/numerics/backend.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { leastNanoseconds } from './machine-peaks.ts';
import { useTfjsNode } from './tfjs-node.ts';

const shape = {
  ...{ height: 32, width: 32, colours: 3, filters: [16, 16, 16], kernelSize: 5 },
  ...{ hidden: 32, classes: 10, batch: 128 },
};
const unrollSteps = 20;
const backpropagatedPerTensor = 2000;

export const cifar: Benchmark = {
  name: 'cifar',
  async run(log, { peaks }) {
    const hasNode = await useTfjsNode();
    if (!hasNode) await tf.setBackend('wasm');
    log(`TensorFlow.js runs on ${tf.getBackend()}`);
    const rows: BenchmarkRow[] = [];
    const tensors = layOutTensors(convolutionalNetworkTensors(shape));
    const coordinates = tensors.reduce((sum, { size }) => sum + size, 0);
    const rate = (milliseconds: number, steps: number) => Math.round((coordinates * steps * 1000) / milliseconds);
    const row = (what: string, ours: number, peers: BenchmarkRow['peers'], limit: number): BenchmarkRow => ({
      benchmark: 'cifar',
      case: `${what}, ${coordinates} coordinates`,
      unit: 'coordinate-steps/s',
      ours,
      peers,
      limit,
    });

    log('optimizee …');
    const random = randomStream(1, 'values');
    const theta = new Float32Array(coordinates);
    random.fillNormal(theta, 0.01);
    const gradient = new Float32Array(coordinates);
    const [one, two] = [1, 2].map((threads) => createConvolutionalNetworkKernel(shape, { threads }));
    const reference = createConvolutionalNetworkReference(shape);
    for (let place = 0; place < one!.images.length; place++) one!.images[place] = random.uniformInteger(256);
    for (let place = 0; place < one!.labels.length; place++) one!.labels[place] = random.uniformInteger(shape.classes);
    for (const other of [two!, reference]) {
      other.images.set(one!.images);
      other.labels.set(one!.labels);
    }
    const lossOnly = () =>
      tf.tidy(() => {
        const pixels = tf.tensor4d(
          Float32Array.from(one!.images, (pixel) => pixel / 255),
          [128, 32, 32, 3],
        );
        const labels = tf.tensor1d(Int32Array.from(one!.labels), 'int32');
        convolutionalNetworkLoss(shape, tf.tensor1d(theta), pixels, labels).dataSync();
      });
    const optimizee = await measureInTurn(
      {
        one: () => void one!.lossAndGradient(theta, gradient),
        two: () => void two!.lossAndGradient(theta, gradient),
        peer: hasNode ? () => void reference.lossAndGradient(theta, gradient) : lossOnly,
      },
      9,
    );
    one!.dispose();
    two!.dispose();
    const peers = { [hasNode ? 'tfjs-node' : 'tfjs-wasm, loss alone']: rate(optimizee.peer, 1) };
    const atBest = (threads: 1 | 2) => ({
      physicalLimit: rate(leastNanoseconds({ operations: optimizeeOperations(), threads }, peaks) / 1e6, 1),
    });
    const images = 'optimizee, loss and gradient of 128 images';
    rows.push({ ...row(`${images}, 1 thread`, rate(optimizee.one, 1), peers, 200_000), ...atBest(1), headline: true });
    rows.push({ ...row(`${images}, 2 threads`, rate(optimizee.two, 1), peers, 200_000), ...atBest(2) });

    log('optimizers …');
    const settings = { preprocessing: { kind: 'log-sign', p: 10 }, hiddenUnits: 20, outputScale: 0.1 } as const;
    const machine = { backend: detectWasmBackend(), startTensorFlow: async () => {} };
    const ours = await createOptimizers(settings, { tensors }, unrollSteps, { ...machine, threads: 1 });
    const threaded = await createOptimizers(settings, { tensors }, unrollSteps, { ...machine, threads: 2 });
    // One network over everything, which is as much work.
    const plain = createCoordinatewiseLstmReference({ ...settings, coordinates, unrollSteps, hidden: 20 });
    for (const network of [ours, threaded, plain]) {
      network.setParameters(initializeParameters(network.layout, randomStream(1, 'parameters')));
    }
    random.fillNormal(gradient, 0.01);
    const selection = selectCoordinates(tensors, backpropagatedPerTensor, random).coordinates;
    const updateGradients = new Float32Array(unrollSteps * selection.length);
    random.fillNormal(updateGradients, 1);
    const updates = new Float32Array(coordinates);
    const window = (network: OptimizerNetwork) => () => {
      network.beginUnroll();
      for (let step = 0; step < unrollSteps; step++) network.step(gradient, updates);
      network.backward(updateGradients, selection);
    };
    const optimizers = await measureInTurn({ one: window(ours), two: window(threaded), peer: window(plain) }, 3);
    for (const network of [ours, threaded, plain]) network.dispose();
    const peer = { [hasNode ? 'tfjs-node' : 'tfjs-wasm']: rate(optimizers.peer, unrollSteps) };
    const what = `optimizers, window of ${unrollSteps} with backward through ${selection.length}`;
    rows.push({ ...row(`${what}, 1 thread`, rate(optimizers.one, unrollSteps), peer, 500_000), headline: true });
    rows.push(row(`${what}, 2 threads`, rate(optimizers.two, unrollSteps), peer, 500_000));

    const whole = rate(optimizee.one * unrollSteps + optimizers.one, unrollSteps);
    rows.push(row('meta-training, both together, 1 thread', whole, {}, 150_000));
    return rows;
  },
};

/** Multiplications and additions of the products alone: each forward, and backward to its weights and, but the first, its inputs. */
function optimizeeOperations(): number {
  const { batch, colours, filters, kernelSize, hidden, classes } = shape;
  let [pixels, channels, operations] = [shape.height * shape.width, colours as number, 0];
  for (const [layer, outputs] of filters.entries()) {
    operations += (layer === 0 ? 2 : 3) * 2 * pixels * kernelSize ** 2 * channels * outputs;
    channels = outputs;
    // Pooled by two in both directions.
    pixels /= 4;
  }
  operations += 3 * 2 * (pixels * channels * hidden + hidden * classes);
  return batch * operations;
}
