/** Recurrent layers in float64, one example and one unit at a time, as the paper (arXiv 1607.06450) writes them. */
import type { RecurrentCell } from '../../lib/kernels/recurrent-tensors.ts';

export interface Float64Recurrent {
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly units: number;
  readonly epsilon: number;
  readonly gates: readonly string[];
}
/** Row-major, by the names of `RecurrentTensors`. */
export type Arrays = Readonly<Record<string, ArrayLike<number>>>;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** (a − μ)/√(σ² + ε), or a itself where nothing is normalised. */
function normalize(values: readonly number[], epsilon: number, normalized: boolean): readonly number[] {
  if (!normalized) return values;
  const middle = mean(values);
  const variance = mean(values.map((value) => (value - middle) ** 2));
  return values.map((value) => (value - middle) / Math.sqrt(variance + epsilon));
}

/** [steps][batch][units] outputs, then an LSTM's final cell states. */
export function recurrentInFloat64(cell: RecurrentCell, layer: Float64Recurrent, arrays: Arrays): Float64Array {
  const { steps, batch, inputSize, units, epsilon, gates } = layer;
  const normalized = arrays.inputGain !== undefined;
  const at = (name: string, index: number, otherwise: number) => arrays[name]?.[index] ?? otherwise;
  const columns = gates.length * units;
  const multiply = (vector: readonly number[], kernel: string) =>
    Array.from({ length: columns }, (_, column) =>
      vector.reduce((sum, value, row) => sum + value * arrays[kernel]![row * columns + column]!, 0),
    );
  const place = (gate: string, unit: number) => gates.indexOf(gate) * units + unit;
  const perUnit = (value: (unit: number) => number) => Array.from({ length: units }, (_, unit) => value(unit));
  const outputs: number[][] = [];
  const finalCells: number[][] = [];

  const lstm = (x: readonly number[], h: readonly number[], c: readonly number[]) => {
    const normalX = normalize(multiply(x, 'inputKernel'), epsilon, normalized);
    const normalH = normalize(multiply(h, 'recurrentKernel'), epsilon, normalized);
    const z = (gate: string, unit: number) => {
      const p = place(gate, unit);
      return at('inputGain', p, 1) * normalX[p]! + at('recurrentGain', p, 1) * normalH[p]! + arrays.bias![p]!;
    };
    const next = perUnit(
      (unit) => sigmoid(z('forget', unit)) * c[unit]! + sigmoid(z('input', unit)) * Math.tanh(z('candidate', unit)),
    );
    const normalC = normalize(next, epsilon, normalized);
    const hidden = perUnit(
      (unit) =>
        sigmoid(z('output', unit)) * Math.tanh(at('cellGain', unit, 1) * normalC[unit]! + at('cellBias', unit, 0)),
    );
    return { hidden, cell: next };
  };

  const gru = (x: readonly number[], h: readonly number[]) => {
    /** The gates' statistics are their own, and so are the candidate's. */
    const normalizeParts = (sums: readonly number[]) => {
      const parts = (names: readonly string[]) => names.flatMap((gate) => perUnit((unit) => sums[place(gate, unit)]!));
      const both = normalize(parts(['update', 'reset']), epsilon, normalized);
      const candidate = normalize(parts(['candidate']), epsilon, normalized);
      return (gate: string, unit: number) =>
        gate === 'candidate' ? candidate[unit]! : both[(gate === 'reset' ? units : 0) + unit]!;
    };
    const normalX = normalizeParts(multiply(x, 'inputKernel'));
    const normalH = normalizeParts(multiply(h, 'recurrentKernel'));
    const fromX = (gate: string, unit: number) =>
      at('inputGain', place(gate, unit), 1) * normalX(gate, unit) + arrays.bias![place(gate, unit)]!;
    const fromH = (gate: string, unit: number) => at('recurrentGain', place(gate, unit), 1) * normalH(gate, unit);
    const hidden = perUnit((unit) => {
      const update = sigmoid(fromX('update', unit) + fromH('update', unit));
      const reset = sigmoid(fromX('reset', unit) + fromH('reset', unit));
      const inner = fromH('candidate', unit) + arrays.candidateBias![unit]!;
      const candidate = Math.tanh(fromX('candidate', unit) + reset * inner);
      return (1 - update) * h[unit]! + update * candidate;
    });
    return { hidden, cell: [] };
  };

  const tanh = (x: readonly number[], h: readonly number[]) => {
    const fromH = multiply(h, 'recurrentKernel');
    const sums = multiply(x, 'inputKernel').map((sum, unit) => sum + fromH[unit]!);
    const normal = normalize(sums, epsilon, normalized);
    return {
      hidden: perUnit((unit) => Math.tanh(at('inputGain', unit, 1) * normal[unit]! + arrays.bias![unit]!)),
      cell: [],
    };
  };

  const advance = { lstm, gru, tanh }[cell];
  for (let example = 0; example < batch; example++) {
    let state = {
      hidden: perUnit((unit) => arrays.initialHidden![example * units + unit]!) as readonly number[],
      cell: (cell === 'lstm'
        ? perUnit((unit) => arrays.initialCell![example * units + unit]!)
        : []) as readonly number[],
    };
    for (let step = 0; step < steps; step++) {
      const row = step * batch + example;
      const x = Array.from({ length: inputSize }, (_, place) => arrays.inputs![row * inputSize + place]!);
      if (at('mask', row, 1) !== 0) state = advance(x, state.hidden, state.cell);
      outputs[row] = [...state.hidden];
    }
    finalCells[example] = [...state.cell];
  }
  return Float64Array.from([...outputs.flat(), ...finalCells.flat()]);
}
