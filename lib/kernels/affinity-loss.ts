/**
 * The Euclidean loss of affinities to same-label pairs on the SIMD kernel of assembly/affinity-loss.ts, as an operation of
 * TensorFlow.js. Composed of its operations, it makes two copies of the labels for every neighbour.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Neighbourhood } from '../random-walk/neighbourhood.ts';
import type { KernelBinaries, KernelOptions } from './kernel-instance.ts';
import { windowWords } from './random-walk-window.ts';
import { refuseSecondOrder, type TensorMemory, withTensors } from './tensor-memory.ts';

type Numbers<Names extends string[]> = { [Place in keyof Names]: number };
type Grid = ['height', 'width', 'window', 'radius', 'places'];

interface Exports {
  countKnownPairs(...values: Numbers<['labels', 'ignoredLabel', 'height', 'width', 'window', 'radius']>): number;
  squaredDifferences(...values: Numbers<['affinities', 'labels', 'ignoredLabel', ...Grid]>): number;
  affinityLossGradient(...values: Numbers<['affinities', 'labels', 'ignoredLabel', 'out', 'scale', ...Grid]>): void;
}

interface Sums {
  readonly squares: number;
  readonly pairs: number;
}

const binaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/affinity-loss.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/affinity-loss.plain.wasm', import.meta.url),
};

/**
 * ½ mean (w_ij − [label_i = label_j])² over the pairs of which both labels are known; 0 where there is none. Differentiable once;
 * shapes are the caller's to check.
 *
 * @param affinities w [images, height, width, offsets]; what stands where a pair leaves the image is not read
 * @param labels int32 [images, height, width]
 */
export function affinityLossOnKernel(
  affinities: tf.Tensor4D,
  labels: tf.Tensor3D,
  neighbourhood: Neighbourhood,
  ignoredLabel: number,
  options: KernelOptions = {},
): tf.Scalar {
  const [images, height, width, places] = affinities.shape;
  const { radius } = neighbourhood;
  const pixels = height * width;
  const padded = padLabels(labels.dataSync() as Int32Array, width, radius, ignoredLabel);
  const labelBytes = padded.byteLength / images;
  /** Calls `visit` for each image, with the addresses of its affinities and labels. */
  const forEachImage = (
    memory: TensorMemory,
    w: tf.Tensor,
    visit: (image: number, affinitiesAt: number, labelsAt: number) => void,
  ) => {
    const [affinitiesAt, labelsAt] = [memory.address(w), memory.words(padded)];
    for (let image = 0; image < images; image++) {
      visit(image, affinitiesAt + 4 * image * pixels * places, labelsAt + image * labelBytes);
    }
  };
  const gridOf = (memory: TensorMemory) =>
    [height, width, memory.words(windowWords(neighbourhood)), radius, places] as const;

  const operation = tf.customGrad((...inputs) => {
    const [w, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const { squares, pairs } = withTensors<Exports, Sums>(binaries, options, (kernel, memory) => {
      const sums = { squares: 0, pairs: 0 };
      const grid = gridOf(memory);
      const [, , window] = grid;
      forEachImage(memory, w, (_, from, known) => {
        sums.squares += kernel.squaredDifferences(from, known, ignoredLabel, ...grid);
        sums.pairs += kernel.countKnownPairs(known, ignoredLabel, height, width, window, radius);
      });
      return sums;
    });
    save([w]);
    const count = Math.max(1, pairs);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      refuseSecondOrder('affinity loss');
      const scale = dy.dataSync()[0]! / count;
      return withTensors<Exports, tf.Tensor>(binaries, options, (kernel, memory) => {
        const result = memory.result(affinities.shape);
        const grid = gridOf(memory);
        forEachImage(memory, saved[0]!, (image, from, known) => {
          const to = result.address + 4 * image * pixels * places;
          kernel.affinityLossGradient(from, known, ignoredLabel, to, scale, ...grid);
        });
        return result.tensor();
      });
    };
    return { value: tf.scalar(squares / (2 * count)), gradFunc };
  });
  return operation(affinities) as tf.Scalar;
}

/** Labels [images, height, width] with `radius` ignored ones to the left of each row, and four more to its right. */
function padLabels(labels: Int32Array, width: number, radius: number, ignoredLabel: number): Int32Array {
  const perRow = width + 2 * radius + 4;
  const rows = labels.length / width;
  const padded = new Int32Array(rows * perRow).fill(ignoredLabel);
  for (let row = 0; row < rows; row++) {
    padded.set(labels.subarray(row * width, (row + 1) * width), row * perRow + radius);
  }
  return padded;
}
