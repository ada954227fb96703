/** What the recurrent kernels are told, and the arrays that they need besides the caller's tensors. */
import type { TensorMemory } from './tensor-memory.ts';

/** The fields of `RecurrentJob` in assembly/recurrent-job.ts, in its order, 4 bytes each; all but epsilon are whole numbers. */
export const recurrentJobFields = [
  'steps',
  'batch',
  'inputSize',
  'units',
  'gates',
  'normalized',
  'epsilon',
  'gateOrder',
  'inputs',
  'mask',
  'initialHidden',
  'initialCell',
  'inputKernel',
  'recurrentKernel',
  'bias',
  'inputGain',
  'recurrentGain',
  'cellGain',
  'cellBias',
  'candidateBias',
  'outputs',
  'inputSums',
  'recurrentSums',
  'recurrentSumsStep',
  'activations',
  'activationsStep',
  'cells',
  'cellsStep',
  'moments',
  'momentsStep',
  'outputGradient',
  'inputsGradient',
  'initialHiddenGradient',
  'initialCellGradient',
  'inputKernelGradient',
  'recurrentKernelGradient',
  'biasGradient',
  'inputGainGradient',
  'recurrentGainGradient',
  'cellGainGradient',
  'cellBiasGradient',
  'candidateBiasGradient',
  'vectors',
  'packedInput',
  'packedRecurrent',
  'kernelSums',
  'panel',
  'hiddenGradient',
  'cellGradient',
  'scratch',
] as const;
export type RecurrentJob = Readonly<Record<(typeof recurrentJobFields)[number] | 'inputSumsStep', number>>;

export interface RecurrentSizes {
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly units: number;
  /** 4 of an LSTM, 3 of a GRU, 1 of a tanh RNN. */
  readonly gates: 1 | 3 | 4;
  readonly normalized: 0 | 1;
}

/** The job as the kernel reads it; a field that is left out is 0. */
export function jobWords(values: Partial<RecurrentJob>): Int32Array {
  const words = new Int32Array(recurrentJobFields.length);
  for (const [index, field] of recurrentJobFields.entries()) words[index] = values[field] ?? 0;
  const { epsilon = 0 } = values;
  new Float32Array(words.buffer)[recurrentJobFields.indexOf('epsilon')] = epsilon;
  return words;
}

export interface KeptArray {
  readonly name: 'inputSums' | 'recurrentSums' | 'activations' | 'cells' | 'moments';
  /** Steps that have a place of their own, and floats of a step. */
  readonly shape: readonly [number, number];
  /** 0 where all steps share one place. */
  readonly stepBytes: number;
}

/**
 * What forward leaves for backward. Without `recording` nothing goes back, and only x Wx, which is made for all steps at once, has
 * a place for every step.
 */
export function keptArrays(sizes: RecurrentSizes, recording: boolean): readonly KeptArray[] {
  const { steps, batch, gates, normalized } = sizes;
  const row = batch * gates * paddedUnits(sizes);
  const array = (name: KeptArray['name'], places: number, floats: number): KeptArray => {
    const every = recording || name === 'inputSums';
    return { name, shape: [every ? places : 1, floats], stepBytes: every ? 4 * floats : 0 };
  };
  // Two sums that are normalised, or multiplied by a gate, before they are added cannot share a place.
  const separate = gates === 3 || (gates === 4 && normalized === 1);
  return [
    array('inputSums', steps, row),
    ...(separate ? [array('recurrentSums', steps, row), array('activations', steps, row)] : []),
    ...(gates === 4 ? [array('cells', steps + 1, batch * paddedUnits(sizes))] : []),
    ...(normalized ? [array('moments', steps, batch * 8)] : []),
  ];
}

/** Rows of a panel: PANEL_ROWS in assembly/matrix-product.ts. */
const panelRows = 128;

export function forwardScratch(sizes: RecurrentSizes, memory: TensorMemory): Partial<RecurrentJob> {
  const { inputSize, units, gates } = sizes;
  const padded = paddedUnits(sizes);
  const row = gates * padded;
  return {
    vectors: memory.scratch(4 * 8 * row),
    packedInput: memory.scratch(4 * inputSize * row),
    packedRecurrent: memory.scratch(4 * units * row),
    // The table of tanh, a tile, and two rows of a segment.
    scratch: memory.scratch(256 + 128 + 2 * 4 * padded),
  };
}

/** @param sameOrder whether the caller's gates lie in the kernel's order */
export function backwardScratch(
  sizes: RecurrentSizes,
  sameOrder: boolean,
  memory: TensorMemory,
): Partial<RecurrentJob> {
  const { steps, batch, inputSize, units, gates } = sizes;
  const padded = paddedUnits(sizes);
  const row = gates * padded;
  return {
    ...forwardScratch({ ...sizes, inputSize: roundUp(inputSize), units: padded }, memory),
    // Where nothing is padded or moved the sums are taken in the results themselves.
    ...(!(sameOrder && padded === units) && { kernelSums: memory.scratch(4 * Math.max(inputSize, units) * row) }),
    panel: memory.scratch(4 * Math.min(panelRows, steps * batch) * row),
    hiddenGradient: memory.scratch(4 * batch * padded),
    cellGradient: memory.scratch(4 * batch * padded),
  };
}

/** Units of a gate in the kernel's own arrays. */
function paddedUnits({ units }: RecurrentSizes): number {
  return roundUp(units);
}

function roundUp(count: number): number {
  return 8 * Math.ceil(count / 8);
}
