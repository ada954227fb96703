import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FeatureWeights, featureLayers } from '../../lib/datasets/feature-layers.ts';
import type { NeuralArtLoss } from '../../lib/learned-optimizers/problems/neural-art-loss.ts';
import { createNeuralArtLossKernel } from '../../lib/learned-optimizers/problems/neural-art-loss-kernel.ts';
import { createNeuralArtLossReference } from '../../lib/learned-optimizers/problems/neural-art-loss-reference.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { neuralArtLoss64 } from './float64-neural-art.ts';

const side = 16;

/** Narrow layers of random weights; some widths fill no vector. */
function randomFeatures(channels: readonly number[]): FeatureWeights {
  const random = randomStream(1, 'features');
  const tensors = Object.fromEntries(
    featureLayers(channels).flatMap(({ name, inputChannels, outputChannels }) => {
      const kernel = new Float32Array(9 * inputChannels * outputChannels);
      random.fillNormal(kernel, Math.sqrt(2 / (9 * inputChannels)));
      const bias = new Float32Array(outputChannels);
      random.fillUniform(bias, 0, 0.5);
      return [
        [`${name}/kernel`, { shape: [3, 3, inputChannels, outputChannels], data: kernel }],
        [`${name}/bias`, { shape: [outputChannels], data: bias }],
      ];
    }),
  );
  return { meanColour: [120, 110, 100], channels, tensors };
}

function randomImage(name: string, of = side): Float32Array {
  const image = new Float32Array(of * of * 3);
  randomStream(2, name).fillUniform(image, 0, 255);
  return image;
}

const features = randomFeatures([5, 4, 6, 8, 3]);
const pictures = {
  content: randomImage('content'),
  style: randomImage('style'),
  normalization: [randomImage('first'), randomImage('second')],
};
/** Each term of about the same size. */
const weights = { content: 3, style: 0.7, totalVariation: 0.00002 };

function prepare(loss: NeuralArtLoss): NeuralArtLoss {
  loss.normalize(pictures.normalization);
  loss.setContent(pictures.content);
  loss.setStyle(pictures.style);
  return loss;
}

const kernelOf = (threads = 1, used = weights) =>
  prepare(createNeuralArtLossKernel({ side, features, weights: used, threads, backend: 'wasm-plain' }));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('the loss of neural art', () => {
  const image = randomImage('image');

  test.each([
    ['all terms', weights],
    ['content alone', { content: 1, style: 0, totalVariation: 0 }],
    ['style alone', { content: 0, style: 1, totalVariation: 0 }],
    ['total variation alone', { content: 0, style: 0, totalVariation: 1e-5 }],
  ])('%s: value and gradient are those of the equations in float64', (_, used) => {
    const exact = neuralArtLoss64(side, features, used, pictures);
    const loss = kernelOf(1, used);
    const gradient = new Float32Array(image.length);
    const value = loss.lossAndGradient(image, gradient);
    loss.dispose();
    expect(value / exact(Float64Array.from(image))).toBeCloseTo(1, 4);

    // Along a direction in which every pixel counts, and pixel by pixel at a corner, an edge and inside.
    const at = [0, 1, 3 * side - 1, 3 * side * 8 + 25, image.length - 1];
    const along = (step: Float64Array) => {
      const moved = Float64Array.from(image);
      for (const [k, pixel] of at.entries()) moved[pixel]! += step[k]!;
      for (let i = 0; i < moved.length; i++) moved[i]! += step[at.length]! * Math.sign(gradient[i]!);
      return exact(moved) * side * side;
    };
    const slopes = [...at.map((pixel) => gradient[pixel]!), gradient.reduce((sum, value) => sum + Math.abs(value), 0)];
    const { error } = checkGradient(along, new Float64Array(slopes.length), slopes, 1e-4);
    expect(error).toBeLessThan(1e-4);
    for (const [k, pixel] of at.entries()) {
      const one = (step: Float64Array) => along(Float64Array.from({ length: 6 }, (_, j) => (j === k ? step[0]! : 0)));
      const single = checkGradient(one, [0], [gradient[pixel]!], 1e-4);
      expect(single.error, `pixel ${pixel}`).toBeLessThan(1e-3 * Math.max(1, Math.abs(gradient[pixel]!)));
    }
  });

  test('the kernel and plain TensorFlow.js agree, and leave no tensors behind', () => {
    const reference = prepare(createNeuralArtLossReference({ side, features, weights }));
    const kernel = kernelOf();
    const ours = new Float32Array(image.length);
    const theirs = new Float32Array(image.length);
    const tensors = tf.memory().numTensors;
    for (const picture of [image, pictures.style]) {
      const value = kernel.lossAndGradient(picture, ours);
      expect(reference.lossAndGradient(picture, theirs) / value).toBeCloseTo(1, 4);
      const largest = Math.max(...ours.map(Math.abs));
      for (let i = 0; i < ours.length; i++) expect(Math.abs(ours[i]! - theirs[i]!)).toBeLessThan(1e-4 * largest);
    }
    expect(tf.memory().numTensors).toBe(tensors);
    reference.dispose();
    kernel.dispose();
  });

  test('any number of threads gives the same bits', () => {
    const [one, two] = [kernelOf(1), kernelOf(2)].map((loss) => {
      const gradient = new Float32Array(image.length);
      const value = loss.lossAndGradient(image, gradient);
      loss.dispose();
      return { value, gradient };
    });
    expect(two).toEqual(one);
  });

  test('vanishes where image, content and style are one, but for the total variation', () => {
    const loss = kernelOf(1, { ...weights, totalVariation: 0 });
    loss.setStyle(pictures.content);
    const gradient = new Float32Array(image.length);
    expect(loss.lossAndGradient(pictures.content, gradient)).toBe(0);
    expect(gradient.every((value) => value === 0)).toBe(true);
    loss.dispose();
  });

  test('style does not see where things are: a shifted texture has the same loss inside its period', () => {
    const texture = (shift: number) =>
      Float32Array.from(
        { length: 64 * 64 * 3 },
        (_, i) => 128 + 90 * Math.sin(((Math.floor(i / 3) % 64) + shift) * (Math.PI / 8)),
      );
    const loss = createNeuralArtLossKernel({
      side: 64,
      features,
      weights: { content: 0, style: 1, totalVariation: 0 },
      threads: 1,
      backend: 'wasm-plain',
    });
    loss.normalize([randomImage('noise', 64)]);
    loss.setContent(texture(0));
    loss.setStyle(texture(0));
    const gradient = new Float32Array(64 * 64 * 3);
    const shifted = loss.lossAndGradient(texture(16), gradient);
    const other = loss.lossAndGradient(randomImage('noise', 64), gradient);
    loss.dispose();
    expect(shifted).toBeLessThan(1e-8);
    expect(other).toBeGreaterThan(1e-3);
  });
});
