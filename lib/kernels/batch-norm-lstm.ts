/**
 * The recurrent part of an LSTM with batch normalisation (arXiv 1603.09025, §3) over whole sequences, on the SIMD kernel of
 * assembly/batch-norm-lstm.ts: one operation forward, and one that goes back through time.
 */
import * as tf from '@tensorflow/tfjs-core';
import { KernelShapeError } from './errors.ts';
import type { KernelOptions } from './kernel-instance.ts';
import { type TensorMemory, withTensors } from './tensor-memory.ts';

/** Float32; four gates of H units in the order of the option `gates`. */
export interface BatchNormLstmTensors {
  /** [steps, batch, 4·H] What the gates get from the inputs: normalised, with its gain, and with the bias. */
  readonly fromInputs: tf.Tensor;
  /** [steps, batch]; where it is 0 the state stays as it is, and the example does not count in the step's statistics. */
  readonly mask?: tf.Tensor | undefined;
  /** [batch, H] */
  readonly initialHidden: tf.Tensor;
  readonly initialCell: tf.Tensor;
  /** [H, 4·H] */
  readonly recurrentKernel: tf.Tensor;
  /** [4·H] */
  readonly recurrentGain: tf.Tensor;
  /** [H] */
  readonly cellGain: tf.Tensor;
  readonly cellBias: tf.Tensor;
}

export interface BatchNormLstmSettings extends KernelOptions {
  readonly gates: readonly string[];
  readonly epsilon: number;
}

/** No gradient flows through the moments. */
export interface BatchNormLstmOutputs {
  /** [steps, batch, H] h after each step. */
  readonly outputs: tf.Tensor3D;
  /** [batch, H] c after the last step, not normalised. */
  readonly finalCell: tf.Tensor2D;
  /** Of h W over the examples that count, [steps, 4·H]; the variance is biased. */
  readonly recurrentMean: tf.Tensor2D;
  readonly recurrentVariance: tf.Tensor2D;
  /** The same of c, [steps, H]. */
  readonly cellMean: tf.Tensor2D;
  readonly cellVariance: tf.Tensor2D;
}

/** The fields of `BatchNormLstmJob` in assembly/batch-norm-lstm.ts, in its order, 4 bytes each. */
const batchNormLstmJobFields = [
  ...['steps', 'batch', 'units', 'epsilon', 'inputGate', 'forgetGate', 'candidateGate', 'outputGate'],
  ...['fromInputs', 'mask', 'initialHidden', 'initialCell'],
  ...['recurrentKernel', 'recurrentGain', 'cellGain', 'cellBias'],
  ...['results', 'normals', 'activations', 'cells', 'cellNormals'],
  ...['resultsGradient', 'fromInputsGradient', 'initialHiddenGradient', 'initialCellGradient'],
  ...['recurrentKernelGradient', 'recurrentGainGradient', 'cellGainGradient', 'cellBiasGradient'],
  ...['packed', 'panel', 'work', 'table'],
] as const;

interface Exports {
  forward(job: number): void;
  backward(job: number): void;
}

const binaries = {
  'wasm-relaxed': new URL('./build/batch-norm-lstm.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/batch-norm-lstm.plain.wasm', import.meta.url),
};

/** Vectors of the kernel are pairs. */
const unitsMultiple = 8;
/** PANEL_ROWS in assembly/matrix-product.ts. */
const panelRows = 128;
/** Rows of units that a step's moments take: mean and variance of four gates and of the cell. */
const momentRows = 10;
const differentiable = [
  'fromInputs',
  'initialHidden',
  'initialCell',
  'recurrentKernel',
  'recurrentGain',
  'cellGain',
  'cellBias',
] as const;

/** Whether the kernel can have layers of so many units. */
export function hasBatchNormLstmKernel(units: number): boolean {
  return units > 0 && units % unitsMultiple === 0;
}

/**
 * Differentiable once, with respect to all but the mask. Throws KernelShapeError for tensors that do not match and for a
 * number of units that is no multiple of 8, KernelBackendError where the kernel cannot run.
 */
export function runBatchNormLstm(
  tensors: BatchNormLstmTensors,
  { gates, epsilon, ...options }: BatchNormLstmSettings,
): BatchNormLstmOutputs {
  const [steps, batch, units] = sizesOf(tensors);
  const examples = steps * batch;
  const rows = examples + batch + momentRows * steps;
  const { gradientDepth, kernelDepth } = tf.engine().state;
  const recording = gradientDepth > 0 && kernelDepth === 0;
  // What forward leaves for backward.
  const kept = {
    normals: 4 * examples * units,
    activations: 4 * examples * units,
    cells: examples * units,
    cellNormals: examples * units,
  };
  const sizes = { steps, batch, units, ...placesOf(gates) };

  const { mask } = tensors;
  const operation = tf.customGrad((...inputs) => {
    const save = inputs.pop() as tf.GradSaveFunc;
    const given: Record<string, tf.Tensor> = Object.fromEntries(
      differentiable.map((name, index) => [name, inputs[index] as tf.Tensor]),
    );
    if (mask) given.mask = mask;

    const results = withTensors<Exports, Record<string, tf.Tensor>>(binaries, options, (kernel, memory) => {
      const result = memory.result([rows, units]);
      const pending = Object.entries(kept).map(([name, floats]) => {
        const array = recording ? memory.result([floats]) : undefined;
        return { name, array, address: array?.address ?? memory.scratch(4 * floats) };
      });
      const job = jobWords(epsilon, {
        ...sizes,
        ...addressesOf(given, memory),
        ...Object.fromEntries(pending.map(({ name, address }) => [name, address])),
        ...scratchOf(memory, units),
        results: result.address,
      });
      kernel.forward(memory.words(job));
      return Object.fromEntries([
        ['results', result.tensor()],
        ...pending.flatMap(({ name, array }) => (array ? [[name, array.tensor()]] : [])),
      ]);
    });
    const needed = { ...given, ...results };
    save(Object.values(needed));

    const gradFunc = (gradient: tf.Tensor, saved: tf.Tensor[]) =>
      withTensors<Exports, tf.Tensor[]>(binaries, options, (kernel, memory) => {
        const gradients = differentiable.map((name) => memory.result(tensors[name].shape));
        const job = jobWords(epsilon, {
          ...sizes,
          ...addressesOf(Object.fromEntries(Object.keys(needed).map((name, index) => [name, saved[index]!])), memory),
          ...Object.fromEntries(differentiable.map((name, index) => [`${name}Gradient`, gradients[index]!.address])),
          ...scratchOf(memory, units),
          resultsGradient: memory.address(gradient),
          panel: memory.scratch(4 * 4 * units * Math.min(panelRows, examples)),
          work: memory.scratch(4 * units * (batch + 16)),
        });
        kernel.backward(memory.words(job));
        return gradients.map((result) => result.tensor());
      });
    return { value: results.results!, gradFunc };
  });

  const all = operation(...differentiable.map((name) => tensors[name])) as tf.Tensor2D;
  const moments = tf.reshape(tf.slice(all, [examples + batch, 0], [momentRows * steps, units]), [
    steps,
    momentRows * units,
  ]) as tf.Tensor2D;
  const moment = (from: number, count: number) => tf.slice(moments, [0, from * units], [steps, count * units]);
  return {
    outputs: tf.reshape(tf.slice(all, [0, 0], [examples, units]), [steps, batch, units]),
    finalCell: tf.slice(all, [examples, 0], [batch, units]),
    recurrentMean: moment(0, 4),
    recurrentVariance: moment(4, 4),
    cellMean: moment(8, 1),
    cellVariance: moment(9, 1),
  };
}

function addressesOf(tensors: Readonly<Record<string, tf.Tensor>>, memory: TensorMemory): Record<string, number> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, memory.address(tensor)]));
}

function scratchOf(memory: TensorMemory, units: number): Record<string, number> {
  return { packed: memory.scratch(4 * units * 4 * units), table: memory.scratch(256) };
}

/** The job as the kernel reads it; a field that is left out is 0. */
function jobWords(epsilon: number, values: Readonly<Record<string, number>>): Int32Array {
  const words = Int32Array.from(batchNormLstmJobFields, (field) => values[field] ?? 0);
  new Float32Array(words.buffer)[batchNormLstmJobFields.indexOf('epsilon')] = epsilon;
  return words;
}

function placesOf(gates: readonly string[]): Record<string, number> {
  const places = ['input', 'forget', 'candidate', 'output'].map(
    (gate) => [`${gate}Gate`, gates.indexOf(gate)] as const,
  );
  if (gates.length !== 4 || places.some(([, place]) => place < 0)) {
    throw new KernelShapeError(
      `batchNormLstm: gates must be input, forget, candidate and output in some order, got ${gates.join(', ')}.`,
    );
  }
  return Object.fromEntries(places);
}

/** Throws KernelShapeError. */
function sizesOf(tensors: BatchNormLstmTensors): readonly [steps: number, batch: number, units: number] {
  const [steps = 0, batch = 0, width = 0] = tensors.fromInputs.shape;
  const units = width / 4;
  const shapes: Readonly<Record<keyof BatchNormLstmTensors, readonly number[]>> = {
    fromInputs: [steps, batch, 4 * units],
    mask: [steps, batch],
    initialHidden: [batch, units],
    initialCell: [batch, units],
    recurrentKernel: [units, 4 * units],
    recurrentGain: [4 * units],
    cellGain: [units],
    cellBias: [units],
  };
  for (const [name, shape] of Object.entries(shapes)) {
    const tensor = tensors[name as keyof BatchNormLstmTensors];
    if (!tensor && name === 'mask') continue;
    if (tensor?.dtype === 'float32' && tensor.shape.join() === shape.join()) continue;
    throw new KernelShapeError(
      `batchNormLstm: ${name} must be float32 of the shape [${shape}], got ${tensor ? `${tensor.dtype} [${tensor.shape}]` : 'none'}.`,
    );
  }
  if (!hasBatchNormLstmKernel(units)) {
    throw new KernelShapeError(`batchNormLstm: the kernel has multiples of ${unitsMultiple} units, got ${units}.`);
  }
  return [steps, batch, units];
}
