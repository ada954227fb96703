/** The optimizer's parameters φ: their order in one array, and the order in which the kernel reads them. */
import { KernelShapeError } from './errors.ts';

export interface OptimizerShape {
  /** Inputs a coordinate: 1 raw, 2 preprocessed (appendix A). */
  readonly inputs: 1 | 2;
  /** Units in each of the two layers; a multiple of 4. The paper: 20. */
  readonly hidden: number;
}

export const parameterNames = [
  'layer-1/kernel',
  'layer-1/recurrent-kernel',
  'layer-1/bias',
  'layer-2/kernel',
  'layer-2/recurrent-kernel',
  'layer-2/bias',
  'output/kernel',
  'output/bias',
] as const;
export type ParameterName = (typeof parameterNames)[number];

export interface ParameterView {
  readonly name: ParameterName;
  readonly shape: readonly number[];
  /** Its first element's place in φ; row-major from there. */
  readonly offset: number;
  readonly size: number;
}

export interface ParameterLayout {
  /** Length of φ: 5,061 with one input and 20 units, 5,141 with two. */
  readonly size: number;
  /** In the order of φ. */
  readonly tensors: readonly ParameterView[];
  readonly byName: Readonly<Record<ParameterName, ParameterView>>;
}

/**
 * The layout of φ. A layer computes z = x·kernel + h·recurrentKernel + bias, the columns of z being the gates i, f, g, o
 * one after another, `hidden` columns each. Throws KernelShapeError for a hidden size that is no multiple of 4.
 */
export function parameterLayout({ inputs, hidden }: OptimizerShape): ParameterLayout {
  if (!Number.isInteger(hidden) || hidden < 4 || hidden % 4 !== 0) {
    throw new KernelShapeError(`The LSTM's hidden size must be a multiple of 4 from 4 up, got ${hidden}.`);
  }
  const gates = 4 * hidden;
  const shapes: Record<ParameterName, readonly number[]> = {
    'layer-1/kernel': [inputs, gates],
    'layer-1/recurrent-kernel': [hidden, gates],
    'layer-1/bias': [gates],
    'layer-2/kernel': [hidden, gates],
    'layer-2/recurrent-kernel': [hidden, gates],
    'layer-2/bias': [gates],
    'output/kernel': [hidden, 1],
    'output/bias': [1],
  };
  let size = 0;
  const tensors = parameterNames.map((name): ParameterView => {
    const shape = shapes[name];
    const count = shape.reduce((product, length) => product * length, 1);
    size += count;
    return { name, shape, offset: size - count, size: count };
  });
  const byName = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));
  return { size, tensors, byName: byName as Record<ParameterName, ParameterView> };
}

/** Where each packed float comes from in φ; −1: it is zero. */
export interface PackedOrder {
  /** [layer 1: hidden × (1 + 2 + hidden) × 4][layer 2: hidden × (1 + 2·hidden) × 4][output: 1 + hidden]. */
  readonly forward: Int32Array;
  /** Factor of each: ½ where σ(z) = ½ + ½ tanh(z/2) wants half of z. A power of two, so nothing is rounded. */
  readonly forwardFactor: Float32Array;
  /** [layer 1: hidden/4 × (1 + 4·hidden) × 4][layer 2: hidden/2 × (1 + 4·hidden) × 4]; the first of each run is a zero bias. */
  readonly transposed: Int32Array;
  /** Floats before layer 2 and before the output in `forward`, and before layer 2 in `transposed`. */
  readonly layer2: number;
  readonly output: number;
  readonly transposed2: number;
}

/** The order in which assembly/coordinatewise-lstm-layer.ts (`affine`) reads the weights. */
export function packedOrder(shape: OptimizerShape): PackedOrder {
  const { inputs, hidden } = shape;
  const { byName } = parameterLayout(shape);
  const columns = 4 * hidden;
  /** The place of row `row`, gate `gate` of unit `unit` in a matrix with the gates side by side. */
  const at = (name: ParameterName, row: number, unit: number, gate: number) =>
    byName[name].offset + row * columns + gate * hidden + unit;

  const forward: number[] = [];
  const packLayer = (rows: readonly (readonly [ParameterName, number] | undefined)[]) => {
    for (let unit = 0; unit < hidden; unit++) {
      for (const row of rows) {
        for (let gate = 0; gate < 4; gate++) forward.push(row ? at(row[0], row[1], unit, gate) : -1);
      }
    }
  };
  const rowsOf = (name: ParameterName) => Array.from({ length: hidden }, (_, row) => [name, row] as const);
  packLayer([
    ['layer-1/bias', 0],
    ['layer-1/kernel', 0],
    inputs === 2 ? ['layer-1/kernel', 1] : undefined,
    ...rowsOf('layer-1/recurrent-kernel'),
  ]);
  const layer2 = forward.length;
  packLayer([['layer-2/bias', 0], ...rowsOf('layer-2/kernel'), ...rowsOf('layer-2/recurrent-kernel')]);
  const output = forward.length;
  forward.push(byName['output/bias'].offset);
  for (let unit = 0; unit < hidden; unit++) forward.push(byName['output/kernel'].offset + unit);

  const transposed: number[] = [];
  const packTransposed = (name: ParameterName) => {
    for (let tile = 0; tile < hidden; tile += 4) {
      transposed.push(-1, -1, -1, -1);
      for (let unit = 0; unit < hidden; unit++) {
        for (let gate = 0; gate < 4; gate++) {
          for (let row = tile; row < tile + 4; row++) transposed.push(at(name, row, unit, gate));
        }
      }
    }
  };
  packTransposed('layer-1/recurrent-kernel');
  const transposed2 = transposed.length;
  packTransposed('layer-2/kernel');
  packTransposed('layer-2/recurrent-kernel');

  return {
    forward: Int32Array.from(forward),
    forwardFactor: Float32Array.from(forward, (_, place) => (place < output && place % 4 !== 2 ? 0.5 : 1)),
    transposed: Int32Array.from(transposed),
    layer2,
    output,
    transposed2,
  };
}
