/** y = h W + b of every glimpse of DRAW, from an LSTM's hidden state, forward and backward on the arrays of a dense kernel. */
import type { DenseArithmetic } from '../../kernels/dense-arithmetic.ts';
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import { addToRows, sumOfRows } from './cell-normalised-lstm.ts';

export interface LinearSize {
  readonly rows: number;
  readonly steps: number;
  readonly inputs: number;
  /** In the arrays rows of outputs are filled up to a multiple of 4. */
  readonly outputs: number;
}

/** Weights [inputs, width] and bias [width], or their gradients. */
export interface LinearParameters {
  readonly kernel: FloatArray;
  readonly bias: FloatArray;
}

export interface LinearLayer {
  /** Values from one row of outputs to the next. */
  readonly width: number;
  /** Returns y. [rows, width] */
  forward(step: number, hidden: FloatArray): FloatArray;
  output(step: number): FloatArray;
  /** ∂L/∂y, written by the caller before `backward`. [rows, width] */
  readonly outputGradient: FloatArray;
  /** Before the first `backward` of an update: transposes the kernel. */
  beginBackward(): void;
  /** Returns ∂L/∂hidden, valid until the next call. [rows, inputs] */
  backward(hidden: FloatArray): FloatArray;
}

function widthOf({ outputs }: LinearSize): number {
  return 4 * Math.ceil(outputs / 4);
}

/** Lengths of the arrays of a layer whose names begin with `prefix`. */
export function linearArrayLengths(prefix: string, size: LinearSize): Record<string, number> {
  const { rows, steps, inputs } = size;
  const width = widthOf(size);
  return {
    [`${prefix}.outputs`]: steps * rows * width,
    [`${prefix}.outputGradient`]: rows * width,
    [`${prefix}.inputGradient`]: rows * inputs,
    [`${prefix}.transposed`]: width * inputs,
  };
}

/** @param arithmetic has the arrays of `linearArrayLengths` */
export function createLinearLayer(
  arithmetic: DenseArithmetic<string>,
  prefix: string,
  size: LinearSize,
  { kernel, bias }: LinearParameters,
  gradients: LinearParameters,
): LinearLayer {
  const { rows, steps, inputs } = size;
  const width = widthOf(size);
  const array = (name: string) => arithmetic.arrays[`${prefix}.${name}`]!;
  const outputs = Array.from({ length: steps }, (_, step) =>
    array('outputs').subarray(step * rows * width, (step + 1) * rows * width),
  );
  const [outputGradient, inputGradient, transposed] = [
    array('outputGradient'),
    array('inputGradient'),
    array('transposed'),
  ];
  return {
    width,
    outputGradient,
    output: (step) => outputs[step]!,
    forward(step, hidden) {
      const y = outputs[step]!;
      const weights = { values: kernel, rows: inputs, columns: width };
      arithmetic.multiply({ values: hidden, rows, columns: inputs }, weights, y);
      addToRows(y, bias, rows);
      return y;
    },
    beginBackward() {
      for (let row = 0; row < inputs; row++) {
        for (let k = 0; k < width; k++) transposed[k * inputs + row] = kernel[row * width + k]!;
      }
    },
    backward(hidden) {
      const gradient = { values: outputGradient, rows, columns: width };
      const input = { values: hidden, rows, columns: inputs };
      arithmetic.multiplyTransposed(input, gradient, gradients.kernel, 'accumulate');
      sumOfRows(outputGradient, gradients.bias, rows);
      arithmetic.multiply(gradient, { values: transposed, rows: width, columns: inputs }, inputGradient);
      return inputGradient;
    },
  };
}
