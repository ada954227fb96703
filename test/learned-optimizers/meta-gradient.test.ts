import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations, which tfjs-core alone does not.
import '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { selectCoordinates, sumFollowingGradients } from '../../lib/learned-optimizers/meta-gradient.ts';
import {
  createOptimizerNetwork,
  initializeParameters,
  type NetworkSettings,
} from '../../lib/learned-optimizers/optimizer-network.ts';
import { layOutTensors } from '../../lib/learned-optimizers/problems/problem.ts';
import { createQuadratics } from '../../lib/learned-optimizers/problems/quadratics.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const settings: NetworkSettings = { preprocessing: { kind: 'log-sign', p: 10 }, hiddenUnits: 8, outputScale: 0.1 };
const steps = 4;
const functions = 3;
const dimensions = 5;
const family = createQuadratics({ distribution: 'normal-start', functions, dimensions });
const { coordinates } = family;

/** θ_1, φ, and one window through the network: the gradients seen after each update, and what backward makes of them. */
async function runWindow(
  backend: 'wasm-relaxed' | 'wasm-plain',
  lossWeights: readonly number[],
  selected?: Int32Array,
) {
  const network = await createOptimizerNetwork(settings, {
    coordinates,
    unrollSteps: steps,
    threads: 1,
    backend,
    startTensorFlow: async () => {},
  });
  const parameters = initializeParameters(network.layout, randomStream(1, 'parameters'));
  const problem = family.sample(1, 'problem');
  const theta = new Float32Array(coordinates);
  const gradient = new Float32Array(coordinates);
  const updates = new Float32Array(coordinates);
  const kept = selected ?? Int32Array.from({ length: coordinates }, (_, k) => k);
  const following = new Float32Array(steps * kept.length);
  problem.initialize(theta);
  const start = theta.slice();
  network.setParameters(parameters);
  network.beginUnroll();
  problem.lossAndGradient(theta, 1, gradient);
  for (let step = 0; step < steps; step++) {
    network.step(gradient, updates);
    for (let k = 0; k < coordinates; k++) theta[k]! += updates[k]!;
    problem.lossAndGradient(theta, step + 2, gradient);
    kept.forEach((coordinate, k) => {
      following[step * kept.length + k] = gradient[coordinate]!;
    });
  }
  sumFollowingGradients(following, lossWeights);
  const metaGradient = network.backward(following, kept);
  network.dispose();
  return { start, parameters, metaGradient, layout: network.layout };
}

/** The functions' W and y, told from losses alone. */
function wholeLoss(theta: tf.Tensor1D): tf.Scalar {
  const random = randomStream(1, 'problem', 'function');
  const w = new Float32Array(functions * dimensions * dimensions);
  const y = new Float32Array(coordinates);
  random.fillNormal(w, 1);
  random.fillNormal(y, 1);
  const product = tf.matMul(
    tf.tensor3d(w, [functions, dimensions, dimensions]),
    tf.reshape(theta, [functions, dimensions, 1]),
  );
  return tf.sum(tf.square(tf.sub(tf.reshape(product, [coordinates]), tf.tensor1d(y)))) as tf.Scalar;
}

/** Eq. 3 unrolled in plain TensorFlow.js, as one graph from φ to the meta-loss; ∇_t enters as a constant. */
function unrolledMetaLoss(
  layout: Awaited<ReturnType<typeof runWindow>>['layout'],
  start: Float32Array,
  lossWeights: readonly number[],
) {
  return (phi: tf.Tensor) => {
    const part = (name: keyof typeof layout.byName) => {
      const { offset, size, shape } = layout.byName[name];
      return tf.reshape(tf.slice1d(phi as tf.Tensor1D, offset, size), shape as [number, number]) as tf.Tensor2D;
    };
    const zeros = () => tf.zeros([coordinates, settings.hiddenUnits]) as tf.Tensor2D;
    const state = { 'layer-1': { h: zeros(), c: zeros() }, 'layer-2': { h: zeros(), c: zeros() } };
    const apply = (layer: 'layer-1' | 'layer-2', x: tf.Tensor2D) => {
      const { h, c } = state[layer];
      const kernels = tf.add(tf.matMul(x, part(`${layer}/kernel`)), tf.matMul(h, part(`${layer}/recurrent-kernel`)));
      const [i, f, g, o] = tf.split(tf.add(kernels, part(`${layer}/bias`)), 4, 1) as tf.Tensor2D[];
      const cell = tf.add(tf.mul(tf.sigmoid(f!), c), tf.mul(tf.sigmoid(i!), tf.tanh(g!))) as tf.Tensor2D;
      state[layer] = { c: cell, h: tf.mul(tf.sigmoid(o!), tf.tanh(cell)) as tf.Tensor2D };
      return state[layer].h;
    };
    let theta = tf.tensor1d(start);
    let metaLoss = tf.scalar(0);
    for (let step = 0; step < steps; step++) {
      // Read out and put back in: nothing can be differentiated through this.
      const seen = tf
        .grad((point: tf.Tensor) => wholeLoss(point as tf.Tensor1D))(theta)
        .dataSync();
      const inputs = [...seen].map((g) =>
        Math.abs(g) >= Math.exp(-10)
          ? ([Math.log(Math.abs(g)) / 10, Math.sign(g)] as const)
          : ([-1, Math.exp(10) * g] as const),
      );
      const h2 = apply('layer-2', apply('layer-1', tf.tensor2d(inputs.flat(), [coordinates, 2])));
      const output = tf.add(tf.matMul(h2, part('output/kernel')), part('output/bias'));
      theta = tf.add(theta, tf.mul(settings.outputScale, tf.reshape(output, [coordinates])));
      metaLoss = tf.add(metaLoss, tf.mul(lossWeights[step]!, wholeLoss(theta)));
    }
    return metaLoss;
  };
}

test.each([[[1, 1, 1, 1]], [[0, 0, 0, 1]], [[0.5, 2, 0, 1]]])(
  'suffix sums give the meta-gradient of the unrolled graph, loss weights %s',
  async (lossWeights) => {
    const { start, parameters, metaGradient, layout } = await runWindow('wasm-relaxed', lossWeights);
    const expected = tf
      .grad(unrolledMetaLoss(layout, start, lossWeights))(tf.tensor1d(parameters))
      .dataSync();
    const scale = Math.max(...expected.map(Math.abs));
    for (const [k, value] of metaGradient.entries()) expect(Math.abs(value - expected[k]!)).toBeLessThan(1e-4 * scale);
  },
);

test('a selection takes small tensors whole and samples large ones, weighted by what was left out', () => {
  const tensors = layOutTensors({ weights: [10, 4], biases: [4], output: [7] });
  const { coordinates: chosen, weights } = selectCoordinates(tensors, 5, randomStream(2));
  expect(chosen).toHaveLength(5 + 4 + 5);
  expect([...chosen]).toEqual([...new Set(chosen)].sort((a, b) => a - b));
  expect([...chosen.subarray(5, 9)]).toEqual([40, 41, 42, 43]);
  expect([...chosen].slice(9).every((coordinate) => coordinate >= 44 && coordinate < 51)).toBe(true);
  expect([...weights]).toEqual([8, 8, 8, 8, 8, 1, 1, 1, 1, ...new Array(5).fill(Math.fround(7 / 5))]);
});

test('back-propagating through a random subset is unbiased', async () => {
  // A linear functional of the coordinates stands for the meta-gradient, which is a sum over them too.
  const tensors = layOutTensors({ weights: [100], biases: [3] });
  const contributions = Array.from({ length: 103 }, (_, k) => Math.sin(k) + (k > 99 ? 5 : 0));
  const total = contributions.reduce((sum, value) => sum + value, 0);
  const rounds = 4000;
  const estimates = Array.from({ length: rounds }, (_, round) => {
    const { coordinates: chosen, weights } = selectCoordinates(tensors, 10, randomStream(3, round));
    return chosen.reduce((sum, coordinate, k) => sum + weights[k]! * contributions[coordinate]!, 0);
  });
  const mean = estimates.reduce((sum, value) => sum + value, 0) / rounds;
  const deviation = Math.sqrt(estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rounds);
  expect(deviation).toBeGreaterThan(1);
  expect(Math.abs(mean - total)).toBeLessThan((4 * deviation) / Math.sqrt(rounds));
});

test('the meta-gradient is the sum of those of its coordinates', async () => {
  const even = Int32Array.from({ length: coordinates }, (_, k) => k).filter((k) => k % 2 === 0);
  const odd = Int32Array.from({ length: coordinates }, (_, k) => k).filter((k) => k % 2 === 1);
  const weights = [1, 1, 1, 1];
  const whole = (await runWindow('wasm-plain', weights)).metaGradient;
  const first = (await runWindow('wasm-plain', weights, even)).metaGradient;
  const second = (await runWindow('wasm-plain', weights, odd)).metaGradient;
  const scale = Math.max(...whole.map(Math.abs));
  for (const [k, value] of whole.entries()) expect(Math.abs(value - first[k]! - second[k]!)).toBeLessThan(1e-5 * scale);
});
