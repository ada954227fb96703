/** DRAW's two attention windows over a minibatch: their parameters from the decoder's hidden state, and what they do. */
import type { DenseArithmetic } from '../../kernels/dense-arithmetic.ts';
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import {
  createAttentionScratch,
  type Filters,
  fillFilters,
  intensityOf,
  readPatch,
  reverseFilters,
  reverseReadPatch,
  reverseWritePatch,
  windowParameters,
  writePatch,
} from './draw-attention.ts';
import { createLinearLayer, type LinearParameters, type LinearSize, linearArrayLengths } from './draw-linear.ts';

export interface WindowSize {
  readonly rows: number;
  readonly steps: number;
  readonly side: number;
  readonly units: number;
  /** N */
  readonly points: number;
  /** Values from the hidden state: the window's parameters, and the patch where one is written. */
  readonly outputs: number;
}

export interface WindowLayer {
  readonly arithmetic: DenseArithmetic<string>;
  readonly prefix: string;
  /** Those of the linear map from the hidden state, and their gradients. */
  readonly parameters: readonly [LinearParameters, LinearParameters];
}

export function windowArrayLengths(prefix: string, size: WindowSize): Record<string, number> {
  const { rows, steps, points, side } = size;
  return {
    ...linearArrayLengths(prefix, linearSize(size)),
    [`${prefix}.filters`]: steps * rows * 2 * points * side,
  };
}

function linearSize({ rows, steps, units, outputs }: WindowSize): LinearSize {
  return { rows, steps, inputs: units, outputs };
}

/** What reader and writer have in common. */
function createWindow({ arithmetic, prefix, parameters }: WindowLayer, size: WindowSize) {
  const { rows, points, side } = size;
  const linear = createLinearLayer(arithmetic, prefix, linearSize(size), ...parameters);
  const values = arithmetic.arrays[`${prefix}.filters`]!;
  const filterValues = 2 * points * side;
  const filtersOf = (step: number, row: number): Filters => {
    const from = (step * rows + row) * filterValues;
    return { values: values.subarray(from, from + filterValues), points, side };
  };
  const rowOf = (array: FloatArray, row: number) => array.subarray(row * linear.width, (row + 1) * linear.width);
  const imageOf = (array: FloatArray, row: number) => array.subarray(row * side ** 2, (row + 1) * side ** 2);
  const scratch = createAttentionScratch(points, side);
  const filterGradient = new Float64Array(filterValues);
  return { linear, filtersOf, rowOf, imageOf, scratch, filterGradient };
}

export interface Reader {
  /** Writes the patches of both images to the first 2·N² columns of `target`. [rows, stride] */
  forward(
    step: number,
    hidden: FloatArray,
    images: readonly [FloatArray, FloatArray],
    target: FloatArray,
    stride: number,
  ): void;
  beginBackward(): void;
  /**
   * Returns ∂L/∂hidden; adds to the second image's gradient. The first image is given.
   *
   * @param target what `forward` wrote, and its gradient
   */
  backward(
    step: number,
    hidden: FloatArray,
    images: readonly [FloatArray, FloatArray],
    target: FloatArray,
    targetGradient: FloatArray,
    stride: number,
    imageGradient: FloatArray,
  ): FloatArray;
}

export function createReader(layer: WindowLayer, size: WindowSize): Reader {
  const { rows, points } = size;
  const { linear, filtersOf, rowOf, imageOf, scratch, filterGradient } = createWindow(layer, size);
  const patchSize = points ** 2;
  const patchOf = (target: FloatArray, row: number, stride: number, which: number) =>
    target.subarray(row * stride + which * patchSize, row * stride + (which + 1) * patchSize);
  return {
    forward(step, hidden, images, target, stride) {
      const raw = linear.forward(step, hidden);
      for (let row = 0; row < rows; row++) {
        const filters = filtersOf(step, row);
        fillFilters(rowOf(raw, row), filters);
        const intensity = intensityOf(rowOf(raw, row));
        for (let which = 0; which < 2; which++) {
          readPatch(imageOf(images[which]!, row), filters, intensity, patchOf(target, row, stride, which), scratch);
        }
      }
    },
    beginBackward: () => linear.beginBackward(),
    backward(step, hidden, images, target, targetGradient, stride, imageGradient) {
      const raw = linear.output(step);
      linear.outputGradient.fill(0);
      for (let row = 0; row < rows; row++) {
        const filters = filtersOf(step, row);
        const rawGradient = rowOf(linear.outputGradient, row);
        const intensity = intensityOf(rowOf(raw, row));
        filterGradient.fill(0);
        for (let which = 0; which < 2; which++) {
          const patch = patchOf(target, row, stride, which);
          const patchGradient = patchOf(targetGradient, row, stride, which);
          const ofImage = which === 1 ? imageOf(imageGradient, row) : undefined;
          const image = imageOf(images[which]!, row);
          reverseReadPatch(image, filters, intensity, patchGradient, filterGradient, ofImage, scratch);
          // ∂ log γ: a patch is proportional to γ.
          for (let k = 0; k < patchSize; k++) rawGradient[4]! += patchGradient[k]! * patch[k]!;
        }
        reverseFilters(rowOf(raw, row), filters, filterGradient, rawGradient);
      }
      return linear.backward(hidden);
    },
  };
}

export interface Writer {
  /** Adds to the canvas. [rows, side²] */
  forward(step: number, hidden: FloatArray, canvas: FloatArray): void;
  beginBackward(): void;
  /** Returns ∂L/∂hidden. */
  backward(step: number, hidden: FloatArray, canvasGradient: FloatArray): FloatArray;
}

export function createWriter(layer: WindowLayer, size: WindowSize): Writer {
  const { rows, points } = size;
  const { linear, filtersOf, rowOf, imageOf, scratch, filterGradient } = createWindow(layer, size);
  const patchOf = (values: FloatArray) => values.subarray(windowParameters, windowParameters + points ** 2);
  return {
    forward(step, hidden, canvas) {
      const raw = linear.forward(step, hidden);
      for (let row = 0; row < rows; row++) {
        const [own, filters] = [rowOf(raw, row), filtersOf(step, row)];
        fillFilters(own, filters);
        writePatch(patchOf(own), filters, intensityOf(own), imageOf(canvas, row), scratch);
      }
    },
    beginBackward: () => linear.beginBackward(),
    backward(step, hidden, canvasGradient) {
      const raw = linear.output(step);
      linear.outputGradient.fill(0);
      for (let row = 0; row < rows; row++) {
        const [own, filters] = [rowOf(raw, row), filtersOf(step, row)];
        const rawGradient = rowOf(linear.outputGradient, row);
        const [patch, patchGradient] = [patchOf(own), patchOf(rawGradient)];
        filterGradient.fill(0);
        const ofCanvas = imageOf(canvasGradient, row);
        reverseWritePatch(patch, filters, intensityOf(own), ofCanvas, patchGradient, filterGradient, scratch);
        reverseFilters(own, filters, filterGradient, rawGradient);
        // ∂ log γ̂: what is written is proportional to 1 / γ̂.
        for (let k = 0; k < patch.length; k++) rawGradient[4]! -= patchGradient[k]! * patch[k]!;
      }
      return linear.backward(hidden);
    },
  };
}
