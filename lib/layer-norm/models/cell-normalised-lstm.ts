/**
 * An LSTM over all steps of a minibatch, with or without layer normalization of the cell before the output's tanh (the
 * supplement's Eqs 29–31, as DRAW has it), forward and backward on the arrays of a dense kernel.
 *
 *   (i, f, o, g) = x W + b, x the input and the last hidden state side by side
 *   c = σ(f) ⊙ c₋₁ + σ(i) ⊙ tanh(g);  h = σ(o) ⊙ tanh(LN(c; gain, bias))
 *
 * The raw cell is carried on.
 */
import type { DenseArithmetic } from '../../kernels/dense-arithmetic.ts';
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import { normalizeRows, reverseNormalizeRows } from './normalised-rows.ts';

export interface LstmSize {
  readonly rows: number;
  readonly steps: number;
  /** Values of an input with the hidden state behind it; a multiple of 4. */
  readonly inputs: number;
  /** A multiple of 4. */
  readonly units: number;
}

/** A gate's place in a row of 4·units: the three that pass through σ lie together. */
const gates = { input: 0, forget: 1, output: 2, candidate: 3 } as const;

const arrayNames = [
  'inputs',
  'gates',
  'cells',
  'normalised',
  'tangents',
  'gateGradient',
  'inputGradient',
  'transposed',
] as const;

/** Lengths of the arrays of an LSTM whose names begin with `prefix`. */
export function lstmArrayLengths(prefix: string, { rows, steps, inputs, units }: LstmSize): Record<string, number> {
  const lengths: Record<(typeof arrayNames)[number], number> = {
    inputs: steps * rows * inputs,
    gates: steps * rows * 4 * units,
    cells: (steps + 1) * rows * units,
    normalised: steps * rows * units,
    tangents: steps * rows * units,
    gateGradient: rows * 4 * units,
    inputGradient: rows * inputs,
    transposed: 4 * units * inputs,
  };
  return Object.fromEntries(Object.entries(lengths).map(([name, length]) => [`${prefix}.${name}`, length]));
}

/** Parameters, or their gradients. */
export interface LstmParameters {
  /** [inputs, 4·units] */
  readonly kernel: FloatArray;
  /** [4·units] */
  readonly bias: FloatArray;
  /** [units]; undefined where the cell is not normalised */
  readonly gain: FloatArray | undefined;
  readonly shift: FloatArray | undefined;
}

export interface CellNormalisedLstm {
  /** The rows of the step's input, written by the caller. [rows, inputs] */
  input(step: number): FloatArray;
  /** Writes h. [rows, units] */
  forward(step: number, h: FloatArray): void;
  /** Before the first `backward` of an update: transposes the kernel, forgets the cell's gradient. */
  beginBackward(): void;
  /** @param hGradient ∂L/∂h, which is lost. Returns ∂L/∂input, valid until the next call. [rows, inputs] */
  backward(step: number, hGradient: FloatArray): FloatArray;
}

/** @param arithmetic has the arrays of `lstmArrayLengths` */
export function createCellNormalisedLstm(
  arithmetic: DenseArithmetic<string>,
  prefix: string,
  { rows, steps, inputs, units }: LstmSize,
  parameters: LstmParameters,
  gradients: LstmParameters,
  epsilon: number,
): CellNormalisedLstm {
  const array = (name: (typeof arrayNames)[number]) => arithmetic.arrays[`${prefix}.${name}`]!;
  const slabs = (name: (typeof arrayNames)[number], size: number, count = steps) =>
    Array.from({ length: count }, (_, step) => array(name).subarray(step * size, (step + 1) * size));
  const [inputOf, gatesOf] = [slabs('inputs', rows * inputs), slabs('gates', rows * 4 * units)];
  const cellOf = slabs('cells', rows * units, steps + 1);
  const [normalisedOf, tangentOf] = [slabs('normalised', rows * units), slabs('tangents', rows * units)];
  const rstdOf = Array.from({ length: steps }, () => new Float64Array(rows));
  const [gateGradient, inputGradient, transposed] = [
    array('gateGradient'),
    array('inputGradient'),
    array('transposed'),
  ];
  const cellGradient = new Float64Array(rows * units);
  const normalisedGradient = new Float64Array(rows * units);
  const width = 4 * units;
  const { kernel, bias, gain, shift } = parameters;
  const kernelMatrix = { values: kernel, rows: inputs, columns: width };

  return {
    input: (step) => inputOf[step]!,

    forward(step, h) {
      const z = gatesOf[step]!;
      const [lastCell, cell] = [cellOf[step]!, cellOf[step + 1]!];
      const [normalised, tangent] = [normalisedOf[step]!, tangentOf[step]!];
      arithmetic.multiply({ values: inputOf[step]!, rows, columns: inputs }, kernelMatrix, z);
      addToRows(z, bias, rows);
      arithmetic.applySigmoid({ values: z, rows, columns: 3 * units, stride: width });
      arithmetic.applyTanh({ values: z.subarray(gates.candidate * units), rows, columns: units, stride: width });
      for (let row = 0; row < rows; row++) {
        for (let unit = 0; unit < units; unit++) {
          const at = row * width + unit;
          const k = row * units + unit;
          cell[k] = z[at + gates.forget * units]! * lastCell[k]! + z[at]! * z[at + gates.candidate * units]!;
        }
      }
      if (gain && shift) {
        normalised.set(cell);
        normalizeRows(normalised, rstdOf[step]!, { rows, width: units }, epsilon);
        for (let k = 0; k < tangent.length; k++) tangent[k] = gain[k % units]! * normalised[k]! + shift[k % units]!;
      } else tangent.set(cell);
      arithmetic.applyTanh({ values: tangent, rows, columns: units });
      for (let row = 0; row < rows; row++) {
        const output = row * width + gates.output * units;
        for (let unit = 0; unit < units; unit++)
          h[row * units + unit] = z[output + unit]! * tangent[row * units + unit]!;
      }
    },

    beginBackward() {
      for (let row = 0; row < inputs; row++) {
        for (let k = 0; k < width; k++) transposed[k * inputs + row] = kernel[row * width + k]!;
      }
      cellGradient.fill(0);
    },

    backward(step, hGradient) {
      const z = gatesOf[step]!;
      const [lastCell, normalised, tangent] = [cellOf[step]!, normalisedOf[step]!, tangentOf[step]!];
      for (let row = 0; row < rows; row++) {
        const output = row * width + gates.output * units;
        for (let unit = 0; unit < units; unit++) {
          const k = row * units + unit;
          const [o, t] = [z[output + unit]!, tangent[k]!];
          gateGradient[output + unit] = hGradient[k]! * t * o * (1 - o);
          normalisedGradient[k] = hGradient[k]! * o * (1 - t * t);
        }
      }
      if (gain) {
        const [gainGradient, shiftGradient] = [gradients.gain!, gradients.shift!];
        for (let k = 0; k < normalisedGradient.length; k++) {
          const unit = k % units;
          gainGradient[unit]! += normalisedGradient[k]! * normalised[k]!;
          shiftGradient[unit]! += normalisedGradient[k]!;
          normalisedGradient[k]! *= gain[unit]!;
        }
        reverseNormalizeRows(normalisedGradient, normalised, rstdOf[step]!, { rows, width: units });
      }
      for (let row = 0; row < rows; row++) {
        for (let unit = 0; unit < units; unit++) {
          const at = row * width + unit;
          const k = row * units + unit;
          const i = z[at]!;
          const f = z[at + gates.forget * units]!;
          const g = z[at + gates.candidate * units]!;
          const dc = cellGradient[k]! + normalisedGradient[k]!;
          gateGradient[at] = dc * g * i * (1 - i);
          gateGradient[at + gates.forget * units] = dc * lastCell[k]! * f * (1 - f);
          gateGradient[at + gates.candidate * units] = dc * i * (1 - g * g);
          cellGradient[k] = dc * f;
        }
      }
      const gradient = { values: gateGradient, rows, columns: width };
      const input = { values: inputOf[step]!, rows, columns: inputs };
      arithmetic.multiplyTransposed(input, gradient, gradients.kernel, 'accumulate');
      sumOfRows(gateGradient, gradients.bias, rows);
      arithmetic.multiply(gradient, { values: transposed, rows: width, columns: inputs }, inputGradient);
      return inputGradient;
    },
  };
}

/** Adds a row to each of so many. */
export function addToRows(values: FloatArray, row: FloatArray, rows: number): void {
  const width = row.length;
  for (let start = 0; start < rows * width; start += width) {
    for (let k = 0; k < width; k++) values[start + k]! += row[k]!;
  }
}

/** The reverse: adds each of so many rows to one. */
export function sumOfRows(values: FloatArray, row: FloatArray, rows: number): void {
  const width = row.length;
  for (let start = 0; start < rows * width; start += width) {
    for (let k = 0; k < width; k++) row[k]! += values[start + k]!;
  }
}
