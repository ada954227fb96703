/**
 * An LSTM with recurrent batch normalisation (Cooijmans, Ballas, Laurent, Gülçehre and Courville, arXiv 1603.09025), the
 * baseline of §6.2. With BN_t standardizing over the minibatch, by statistics of step t alone:
 *
 *   (f, i, o, g) = γ_h ⊙ BN_t(W_h h₋₁) + γ_x ⊙ BN_t(W_x x) + b
 *   c = σ(f) ⊙ c₋₁ + σ(i) ⊙ tanh(g)
 *   h = σ(o) ⊙ tanh(γ_c ⊙ BN_t(c) + β_c)
 *
 * c itself is carried unnormalised. The gains γ and β_c are the same at all steps; β_h and β_x would only add to b. The
 * gains begin at 0.1 there: `initializeLstm` with `gain: 0.1` gives the parameters.
 */
import * as tf from '@tensorflow/tfjs-core';
import { hasBatchNormLstmKernel, runBatchNormLstm } from '../../kernels/batch-norm-lstm.ts';
import { type Compute, onKernelOrTensors } from '../../kernels/compute.ts';
import { LayerNormShapeError } from '../errors.ts';
import { defaultEpsilon } from '../normalization.ts';
import { product } from '../product.ts';
import { type BatchStatistics, type MinibatchStatistics, statisticsNames } from './batch-statistics.ts';
import { gateColumns, type LstmGate, lstmGates } from './gates.ts';
import type { LstmParameters, LstmState } from './lstm.ts';
import { lastOutput, requireParameters } from './recurrent-layer.ts';
import { type BatchMoments, batchMoments, standardizeBy, standardizeOverBatch } from './standardize-over-batch.ts';

export interface BatchNormLstmOptions {
  /** Whether the minibatch's own statistics normalise it, or the `statistics` that training has gathered. */
  readonly training: boolean;
  /**
   * Needed where not training. Steps beyond its last row take that row's. In training it is not read: give
   * `minibatchStatistics` of the result and this to `updateRunningStatistics`.
   */
  readonly statistics?: BatchStatistics;
  /**
   * [time, batch], 1 where a case has an input and 0 where it keeps its state. Cases without an input do not count in the
   * minibatch's statistics.
   */
  readonly mask?: tf.Tensor2D;
  /** Zero where none is given. */
  readonly initialState?: LstmState;
  /** 1e-5 by default. */
  readonly epsilon?: number;
  /** `auto` where absent. The kernel is for training, and for numbers of units that are a multiple of 8. */
  readonly compute?: Compute;
}

export interface BatchNormLstmResult {
  /** h at every step, [time, batch, units]. */
  readonly outputs: tf.Tensor3D;
  readonly state: LstmState;
  /** In training: what each step was normalised by. No gradient flows through them. */
  readonly minibatchStatistics?: MinibatchStatistics;
}

/**
 * The layer over whole sequences.
 *
 * @param inputs [time, batch, inputs]
 * @param parameters as of `lstm` with `normalization: 'layer'`: inputGain is γ_x, recurrentGain γ_h, cellGain and cellBias
 *   γ_c and β_c
 * @throws LayerNormShapeError also where statistics are needed and missing
 */
export function batchNormLstm(
  inputs: tf.Tensor3D,
  parameters: LstmParameters,
  options: BatchNormLstmOptions,
): BatchNormLstmResult {
  const [time, batch, features] = inputs.shape;
  const units = parameters.recurrentKernel.shape[0];
  requireShapes(inputs, units, parameters, options);
  const { training, statistics, mask, epsilon = defaultEpsilon } = options;
  const { inputKernel, bias } = parameters;
  const inputGain = parameters.inputGain!;

  if (time === 0) return noSteps(batch, units, options);
  return tf.tidy(() => {
    const present = mask && (tf.reshape(tf.cast(mask, 'float32'), [time, batch, 1]) as tf.Tensor3D);
    const standardize = (x: tf.Tensor, moments: BatchMoments, counted?: tf.Tensor) =>
      training ? standardizeOverBatch(x, moments, epsilon, counted) : standardizeBy(x, moments, epsilon);

    // W_x x of all steps in one product.
    const flat = product(tf.reshape(inputs, [time * batch, features]), inputKernel);
    const projected = tf.reshape(flat, [time, batch, lstmGates.length * units]);
    const inputMoments = training ? batchMoments(projected, present) : momentsOfSteps(statistics!, 'input', time);
    const fromInputs = tf.add(tf.mul(standardize(projected, inputMoments, present), inputGain), bias);

    const initialState = options.initialState ?? {
      hidden: tf.zeros([batch, units]) as tf.Tensor2D,
      cell: tf.zeros([batch, units]) as tf.Tensor2D,
    };
    const sequence = { fromInputs: fromInputs as tf.Tensor3D, present, initialState, parameters, epsilon };
    const { outputs, hidden, cell, ...moments } =
      training && hasBatchNormLstmKernel(units)
        ? onKernelOrTensors(
            options.compute ?? 'auto',
            () => recurOnKernel(sequence),
            () => recurOnTensors(sequence, statistics),
          )
        : recurOnTensors(sequence, training ? undefined : statistics);

    const width = lstmGates.length * units;
    const minibatchStatistics = {
      inputMean: tf.reshape(inputMoments.mean, [time, width]),
      inputVariance: tf.reshape(inputMoments.variance, [time, width]),
      ...moments,
      cases: present ? tf.sum(present, 1) : tf.fill([time, 1], batch),
    };
    return {
      outputs,
      // Copies: what the caller gave is the caller's to dispose of.
      state: { hidden: hidden.clone(), cell: cell.clone() },
      ...(training && { minibatchStatistics }),
    };
  }) as BatchNormLstmResult;
}

/** What both ways through the steps are given. */
interface RecurrentSequence {
  /** γ_x ⊙ BN(W_x x) + b, [time, batch, 4·units] */
  readonly fromInputs: tf.Tensor3D;
  /** [time, batch, 1], 1 for a case that has an input; absent where all have. */
  readonly present: tf.Tensor3D | undefined;
  readonly initialState: LstmState;
  readonly parameters: LstmParameters;
  readonly epsilon: number;
}

type RecurrentOutcome = LstmState & { readonly outputs: tf.Tensor3D } & Pick<
    BatchStatistics,
    'recurrentMean' | 'recurrentVariance' | 'cellMean' | 'cellVariance'
  >;

/** By the minibatch's own statistics. */
function recurOnKernel({
  fromInputs,
  present,
  initialState,
  parameters,
  epsilon,
}: RecurrentSequence): RecurrentOutcome {
  const [time, batch] = fromInputs.shape;
  const { recurrentKernel, recurrentGain, cellGain, cellBias } = parameters;
  const { outputs, finalCell, ...moments } = runBatchNormLstm(
    {
      fromInputs,
      ...(present && { mask: tf.reshape(present, [time, batch]) }),
      initialHidden: initialState.hidden,
      initialCell: initialState.cell,
      ...{ recurrentKernel, recurrentGain: recurrentGain!, cellGain: cellGain!, cellBias: cellBias! },
    },
    { gates: lstmGates, epsilon },
  );
  return { outputs, hidden: lastOutput(outputs), cell: finalCell, ...moments };
}

/** By `statistics`, or by the minibatch's own where there are none. */
function recurOnTensors(
  { fromInputs, present, initialState, parameters, epsilon }: RecurrentSequence,
  statistics: BatchStatistics | undefined,
): RecurrentOutcome {
  const { recurrentKernel } = parameters;
  const [recurrentGain, cellGain, cellBias] = [parameters.recurrentGain!, parameters.cellGain!, parameters.cellBias!];
  const units = recurrentKernel.shape[0];
  let { hidden, cell } = initialState;
  const outputs: tf.Tensor2D[] = [];
  const recurrentMoments: BatchMoments[] = [];
  const cellMoments: BatchMoments[] = [];
  const presentAt = present ? (tf.unstack(present) as tf.Tensor2D[]) : [];
  for (const [step, fromInput] of tf.unstack(fromInputs).entries()) {
    const counted = presentAt[step];
    const carry = (next: tf.Tensor2D, last: tf.Tensor2D) =>
      counted ? tf.where(tf.cast(counted, 'bool'), next, last) : next;
    const momentsOf = (x: tf.Tensor, what: What): BatchMoments =>
      statistics ? momentsOfStep(statistics, what, step) : batchMoments(x, counted);
    const standardize = (x: tf.Tensor, moments: BatchMoments) =>
      statistics ? standardizeBy(x, moments, epsilon) : standardizeOverBatch(x, moments, epsilon, counted);

    const recurrent = product(hidden, recurrentKernel);
    const ofRecurrent = momentsOf(recurrent, 'recurrent');
    const fromState = tf.mul(standardize(recurrent, ofRecurrent), recurrentGain);
    const z = tf.add(fromState, fromInput) as tf.Tensor2D;
    const gate = (name: LstmGate) => {
      const [begin, end] = gateColumns(lstmGates, name, units);
      return tf.slice(z, [0, begin], [-1, end - begin]);
    };
    const kept = tf.mul(tf.sigmoid(gate('forget')), cell);
    const nextCell = tf.add(kept, tf.mul(tf.sigmoid(gate('input')), tf.tanh(gate('candidate')))) as tf.Tensor2D;
    const ofCell = momentsOf(nextCell, 'cell');
    const output = tf.tanh(tf.add(tf.mul(standardize(nextCell, ofCell), cellGain), cellBias));
    const nextHidden = tf.mul(tf.sigmoid(gate('output')), output) as tf.Tensor2D;

    cell = carry(nextCell, cell);
    hidden = carry(nextHidden, hidden);
    outputs.push(hidden);
    recurrentMoments.push(ofRecurrent);
    cellMoments.push(ofCell);
  }
  return {
    outputs: tf.stack(outputs) as tf.Tensor3D,
    hidden,
    cell,
    recurrentMean: rowsOf(recurrentMoments, 'mean'),
    recurrentVariance: rowsOf(recurrentMoments, 'variance'),
    cellMean: rowsOf(cellMoments, 'mean'),
    cellVariance: rowsOf(cellMoments, 'variance'),
  };
}

/** The result of a sequence without steps: the state as it was, statistics without rows. */
function noSteps(batch: number, units: number, { training, initialState }: BatchNormLstmOptions): BatchNormLstmResult {
  const stateOrZero = (given: tf.Tensor2D | undefined) => given?.clone() ?? tf.zeros<tf.Rank.R2>([batch, units]);
  const state = { hidden: stateOrZero(initialState?.hidden), cell: stateOrZero(initialState?.cell) };
  const outputs = tf.zeros<tf.Rank.R3>([0, batch, units]);
  if (!training) return { outputs, state };
  const rows = (name: keyof BatchStatistics): tf.Tensor =>
    tf.zeros([0, name.startsWith('cell') ? units : lstmGates.length * units]);
  const statistics = Object.fromEntries(statisticsNames.map((name) => [name, rows(name)]));
  const minibatchStatistics = { ...statistics, cases: tf.zeros([0, 1]) } as MinibatchStatistics;
  return { outputs, state, minibatchStatistics };
}

function requireShapes(
  { shape: [time, batch, features] }: tf.Tensor3D,
  units: number,
  parameters: LstmParameters,
  { training, statistics, mask }: BatchNormLstmOptions,
): void {
  const width = lstmGates.length * units;
  requireParameters(
    'batchNormLstm',
    { ...parameters },
    {
      inputKernel: [features, width],
      recurrentKernel: [units, width],
      bias: [width],
      inputGain: [width],
      recurrentGain: [width],
      cellGain: [units],
      cellBias: [units],
    },
  );
  if (mask && (mask.shape[0] !== time || mask.shape[1] !== batch)) {
    throw new LayerNormShapeError(
      `batchNormLstm: the mask must have the shape [${time}, ${batch}], time and batch of the inputs, got [${mask.shape}].`,
    );
  }
  if (training) return;
  if (!statistics) {
    throw new LayerNormShapeError(
      'batchNormLstm: where it is not training it needs the statistics that training gathered, got none.',
    );
  }
  const steps = statistics.inputMean.shape[0] ?? 0;
  for (const name of statisticsNames) {
    const expected = [steps, name.startsWith('cell') ? units : width];
    if (steps >= 1 && statistics[name].shape.join() === expected.join()) continue;
    throw new LayerNormShapeError(
      `batchNormLstm: the statistics ${name} must have the shape [${Math.max(1, steps)} or more steps, ${expected[1]}] as all of them, got [${statistics[name].shape}].`,
    );
  }
}

type What = 'input' | 'recurrent' | 'cell';

/** What normalises step `step` after training, [1, features]: the last row's where there are fewer. */
function momentsOfStep(statistics: BatchStatistics, what: What, step: number): BatchMoments {
  const row = (rows: tf.Tensor) => tf.slice(rows, [Math.min(step, rows.shape[0]! - 1), 0], [1, rows.shape[1]!]);
  return { mean: row(statistics[`${what}Mean`]), variance: row(statistics[`${what}Variance`]) };
}

/** The same of all steps, [time, 1, features]. */
function momentsOfSteps(statistics: BatchStatistics, what: What, time: number): BatchMoments {
  const rows = (all: tf.Tensor) => {
    const [maxSteps, width] = all.shape as [number, number];
    const recorded = tf.slice(all, [0, 0], [Math.min(time, maxSteps), width]);
    const last = tf.slice(all, [maxSteps - 1, 0], [1, width]);
    const repeated = time > maxSteps ? [tf.tile(last, [time - maxSteps, 1])] : [];
    return tf.reshape(tf.concat([recorded, ...repeated], 0), [time, 1, width]);
  };
  return { mean: rows(statistics[`${what}Mean`]), variance: rows(statistics[`${what}Variance`]) };
}

/** One moment of all steps, [time, features]. */
function rowsOf(moments: readonly BatchMoments[], moment: keyof BatchMoments): tf.Tensor {
  const rows = moments.map((ofStep) => ofStep[moment]);
  return tf.concat(rows, 0);
}
