/**
 * Linear maps along rows and columns of images: resizing and means. Each output takes a few inputs with fixed weights, so the
 * gradient is the same map transposed, exact on every backend. (TensorFlow.js's gradient of a mean over a window at the border
 * is not that of its value, and that of resizing has its sides exchanged on the cpu backend.)
 */
import * as tf from '@tensorflow/tfjs-core';
import { mapAxesOnKernel } from '../../kernels/axis-map.ts';
import { type Compute, onKernelOrTensors } from '../../kernels/compute.ts';

interface Tap {
  readonly input: number;
  readonly weight: number;
}
/** Of every output along an axis. */
export type AxisMap = readonly (readonly Tap[])[];

/** Linear between inputs at given positions, 0 to inputs − 1. */
function interpolate(positions: readonly number[]): AxisMap {
  return positions.map((position) => {
    const input = Math.floor(position);
    const share = position - input;
    return share === 0
      ? [{ input, weight: 1 }]
      : [
          { input, weight: 1 - share },
          { input: input + 1, weight: share },
        ];
  });
}

/** The first and the last output lie on the first and the last input. */
export function resizingMap(inputs: number, outputs: number): AxisMap {
  const step = outputs > 1 ? (inputs - 1) / (outputs - 1) : 0;
  return interpolate(Array.from({ length: outputs }, (_, output) => Math.min(inputs - 1, output * step)));
}

/** Inputs lie on every `stride`-th output; beyond the last input it is that one. */
export function upsamplingMap(inputs: number, outputs: number, stride: number): AxisMap {
  return interpolate(Array.from({ length: outputs }, (_, output) => Math.min(inputs - 1, output / stride)));
}

/** Every `stride`-th input. */
export function samplingMap(inputs: number, stride: number): AxisMap {
  return interpolate(Array.from({ length: Math.ceil(inputs / stride) }, (_, output) => output * stride));
}

/** The mean of an input and its two neighbours; 0 beyond the image, and counted, as Caffe does. */
export function meanOfThreeMap(inputs: number): AxisMap {
  return Array.from({ length: inputs }, (_, output) =>
    [output - 1, output, output + 1]
      .filter((input) => input >= 0 && input < inputs)
      .map((input) => ({ input, weight: 1 / 3 })),
  );
}

/**
 * y[n, p, q, c] = Σ over taps of rows[p] and columns[q] of weights · x[n, row, column, c], differentiable.
 *
 * @param x [images, height, width, channels]
 * @returns [images, rows.length, columns.length, channels]
 */
export function mapRowsAndColumns(
  x: tf.Tensor4D,
  rows: AxisMap,
  columns: AxisMap,
  compute: Compute = 'auto',
): tf.Tensor4D {
  return onKernelOrTensors(
    compute,
    () => mapAxesOnKernel(x, rows, columns),
    () => mapAxesOfValues(x, rows, columns),
  );
}

/** The same on the values themselves, one at a time. */
function mapAxesOfValues(x: tf.Tensor4D, rows: AxisMap, columns: AxisMap): tf.Tensor4D {
  const [images, height, width, channels] = x.shape;
  const operation = tf.customGrad((...given) => {
    const values = (given[0] as tf.Tensor).dataSync() as Float32Array;
    const byRow = mapAxis(values, images, rows, height, width * channels, false);
    const mapped = mapAxis(byRow, images * rows.length, columns, width, channels, false);
    return {
      value: tf.tensor(mapped, [images, rows.length, columns.length, channels]),
      gradFunc: (dy: tf.Tensor) => {
        const gradient = dy.dataSync() as Float32Array;
        const byColumn = mapAxis(gradient, images * rows.length, columns, width, channels, true);
        return tf.tensor(mapAxis(byColumn, images, rows, height, width * channels, true), x.shape);
      },
    };
  });
  return operation(x) as tf.Tensor4D;
}

/** [outer, inputs, inner] → [outer, outputs, inner], or the reverse by the transposed map. */
function mapAxis(
  values: Float32Array,
  outer: number,
  map: AxisMap,
  inputs: number,
  inner: number,
  isTransposed: boolean,
): Float32Array {
  const [from, to] = isTransposed ? [map.length, inputs] : [inputs, map.length];
  const result = new Float32Array(outer * to * inner);
  for (let block = 0; block < outer; block++) {
    for (const [output, taps] of map.entries()) {
      for (const { input, weight } of taps) {
        const [source, target] = isTransposed ? [output, input] : [input, output];
        const first = (block * from + source) * inner;
        const place = (block * to + target) * inner;
        for (let index = 0; index < inner; index++) result[place + index]! += weight * values[first + index]!;
      }
    }
  }
  return result;
}
