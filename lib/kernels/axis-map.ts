/** Linear maps along rows and columns of images, with their gradients, on the SIMD kernel of assembly/axis-map.ts. */
import * as tf from '@tensorflow/tfjs-core';
import type { AxisMap } from '../random-walk/back-ends/axis-maps.ts';
import type { KernelBinaries, KernelOptions } from './kernel-instance.ts';
import { refuseSecondOrder, type TensorMemory, withTensors } from './tensor-memory.ts';

interface Exports {
  mapAxis(
    from: number,
    to: number,
    outer: number,
    inputs: number,
    outputs: number,
    inner: number,
    starts: number,
    sources: number,
    weights: number,
  ): void;
}

const binaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/axis-map.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/axis-map.plain.wasm', import.meta.url),
};

/**
 * y[n, p, q, c] = Σ over taps of rows[p] and columns[q] of weights · x[n, row, column, c], along rows first. Differentiable once.
 *
 * @param x float32 [images, height, width, channels]
 * @param rows of inputs 0 to height − 1, `columns` of 0 to width − 1; the caller's to check
 * @returns [images, rows.length, columns.length, channels]
 */
export function mapAxesOnKernel(
  x: tf.Tensor4D,
  rows: AxisMap,
  columns: AxisMap,
  options: KernelOptions = {},
): tf.Tensor4D {
  const [images, height, width, channels] = x.shape;
  const run = (compute: (map: MapInMemory, memory: TensorMemory) => tf.Tensor) =>
    withTensors<Exports, tf.Tensor>(binaries, options, (kernel, memory) => compute(mapIn(kernel, memory), memory));
  const operation = tf.customGrad((...inputs) => {
    const values = inputs[0] as tf.Tensor;
    const y = run((map, memory) => {
      const result = memory.result([images, rows.length, columns.length, channels]);
      const byRow = memory.scratch(4 * images * rows.length * width * channels);
      map(memory.address(values), byRow, images, height, width * channels, rows);
      map(byRow, result.address, images * rows.length, width, channels, columns);
      return result.tensor();
    });
    const gradFunc = (dy: tf.Tensor) => {
      refuseSecondOrder('map along axes');
      return run((map, memory) => {
        const result = memory.result(x.shape);
        const byColumn = memory.scratch(4 * images * rows.length * width * channels);
        const turnedColumns = transpose(columns, width);
        map(memory.address(dy), byColumn, images * rows.length, columns.length, channels, turnedColumns);
        map(byColumn, result.address, images, rows.length, width * channels, transpose(rows, height));
        return result.tensor();
      });
    };
    return { value: y, gradFunc };
  });
  return operation(x) as tf.Tensor4D;
}

type MapInMemory = (from: number, to: number, outer: number, inputs: number, inner: number, map: AxisMap) => void;

function mapIn(kernel: Exports, memory: TensorMemory): MapInMemory {
  return (from, to, outer, inputs, inner, map) => {
    const taps = map.flat();
    const starts = new Int32Array(map.length + 1);
    for (const [output, { length }] of map.entries()) starts[output + 1] = starts[output]! + length;
    const words = [
      starts,
      Int32Array.from(taps, ({ input }) => input),
      Float32Array.from(taps, ({ weight }) => weight),
    ].map((values) => memory.words(values)) as [number, number, number];
    kernel.mapAxis(from, to, outer, inputs, map.length, inner, ...words);
  };
}

/** The map from outputs to inputs, with the same weights. */
function transpose(map: AxisMap, inputs: number): AxisMap {
  const transposed = Array.from({ length: inputs }, (): AxisMap[number][number][] => []);
  for (const [output, taps] of map.entries()) {
    for (const { input, weight } of taps) transposed[input]!.push({ input: output, weight });
  }
  return transposed;
}
