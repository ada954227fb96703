/**
 * Minibatch training of a model on TensorFlow.js, as the tasks of layer normalization do it: Adam on clipped gradients,
 * validation every so many updates, the best or the last parameters kept. What a minibatch holds is a function of the update's
 * number, so that a training that was killed goes on to the same bits.
 */
import * as tf from '@tensorflow/tfjs-core';
import { squaredNorm } from '../kernels/adam.ts';
import '../numerics/register-gradients.ts';
import type { NamedTensors, Tensor } from '../numerics/safetensors.ts';
import { prefix, withPrefix } from '../numerics/tensor-names.ts';
import type { Checkpoint, TrainingContext } from '../pipeline/context.ts';
import {
  type AdamSettings,
  type AdamState,
  type ArrayByName,
  type GradientClip,
  initAdam,
  updateAdam,
} from './adam.ts';
import { TrainingDiverged } from './errors.ts';

export type TensorByName = Readonly<Record<string, tf.Tensor>>;
export type Measures = Readonly<Record<string, number>>;

export interface Training {
  /** Float32, to start from. */
  readonly parameters: NamedTensors;
  /** What is carried from update to update without a gradient, to start from: running statistics. */
  readonly state?: NamedTensors;
  readonly updates: number;
  readonly adam: AdamSettings;
  readonly clip?: GradientClip;
  /**
   * The loss of minibatch number `update`, 0 to updates − 1, drawn from a random stream of that number; and the next
   * `state` where there is one. Runs inside a tidy.
   */
  loss(parameters: TensorByName, update: number, state: TensorByName): tf.Scalar | LossAndState;
  readonly validation?: Validation;
  /** After so many updates the parameters of then are kept too, under `snapshot-{updates}/` + name. */
  readonly snapshotUpdates?: readonly number[];
  /** Which of them a snapshot holds; all where absent. */
  readonly snapshotOf?: (name: string) => boolean;
  /** Goes into the model's metadata, beside the counts of the training. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface LossAndState {
  readonly loss: tf.Scalar;
  readonly state: TensorByName;
}

export interface Validation {
  /** Before the first update, after every so many, and after the last. */
  readonly everyUpdates: number;
  /** Runs inside a tidy. */
  measure(parameters: TensorByName, state: TensorByName): Measures;
  /** The parameters that are best by this measure are the model; the last ones where absent. */
  readonly best?: { readonly measure: string; readonly isBetter: 'lower' | 'higher' };
}

/** One row of the learning curve; it becomes a line of the artifact's `metrics.jsonl`. */
type CurveRow = Readonly<Record<string, number>>;

/** Everything that a checkpoint holds. */
interface Progress {
  readonly parameters: NamedTensors;
  state: NamedTensors;
  readonly adam: AdamState;
  kept: { readonly parameters: NamedTensors; readonly state: NamedTensors; readonly update: number; value: number };
  readonly snapshots: Record<string, Tensor>;
  readonly curve: CurveRow[];
  /** Since the last validation. */
  lossSum: number;
  losses: number;
  /** Updates whose loss or gradient was not finite, and which were left out. */
  skipped: number;
}

/** Trains, and writes curve and model. Throws TrainingDiverged where most updates had to be left out. */
export async function trainModel(training: Training, context: TrainingContext): Promise<void> {
  const { updates, validation } = training;
  let update = context.checkpoint?.step ?? 0;
  const progress = context.checkpoint ? restore(training, context.checkpoint) : start(training);
  if (update === 0) validate(training, progress, 0);
  while (update < updates) {
    makeUpdate(training, progress, update);
    update += 1;
    if (validation && (update % validation.everyUpdates === 0 || update === updates)) {
      validate(training, progress, update);
    }
    if (training.snapshotUpdates?.includes(update)) {
      for (const [name, tensor] of Object.entries(copyTensors(progress.parameters))) {
        if (training.snapshotOf?.(name) ?? true) progress.snapshots[`snapshot-${update}/${name}`] = tensor;
      }
    }
    report(progress, update / updates, context);
    await context.breathe();
    if (context.checkpointDue()) await context.saveCheckpoint(save(progress, update));
  }
  if (progress.skipped > updates / 2) throw new TrainingDiverged(progress.skipped, updates);
  const isLastKept = !validation?.best;
  const kept = isLastKept ? { ...progress, update } : progress.kept;
  await context.writeMetrics(progress.curve);
  await context.writeModel(
    { ...kept.parameters, ...prefix('state', kept.state), ...progress.snapshots },
    { ...training.metadata, keptUpdate: String(kept.update), skippedUpdates: String(progress.skipped) },
  );
}

/** Tensors of named arrays, for as long as the caller's tidy lasts. */
export function asTensors(tensors: NamedTensors): TensorByName {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      tf.tensor(data as Float32Array, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
    ]),
  );
}

function start({ parameters, state = {} }: Training): Progress {
  return {
    parameters: copyTensors(parameters),
    state: copyTensors(state),
    adam: initAdam(parameters),
    kept: { parameters: copyTensors(parameters), state: copyTensors(state), update: 0, value: Number.NaN },
    snapshots: {},
    curve: [],
    lossSum: 0,
    losses: 0,
    skipped: 0,
  };
}

function makeUpdate(training: Training, progress: Progress, update: number): void {
  const { value, gradients, state } = evaluateLoss(training, progress, update);
  const all = [Float32Array.of(value), ...Object.values(gradients)];
  if (!all.every((values) => Number.isFinite(squaredNorm(values)))) {
    progress.skipped += 1;
    return;
  }
  progress.lossSum += value;
  progress.losses += 1;
  progress.state = state;
  updateAdam(arraysOf(progress.parameters), gradients, progress.adam, training.adam, training.clip);
}

/** The loss of a minibatch, its gradients, and the next state, as arrays. */
function evaluateLoss(
  { loss }: Training,
  progress: Progress,
  update: number,
): { value: number; gradients: ArrayByName; state: NamedTensors } {
  const names = Object.keys(progress.parameters);
  let state: NamedTensors = {};
  const gradients: Record<string, Float32Array> = {};
  const value = tf.tidy(() => {
    const lastState = asTensors(progress.state);
    const f = (...values: tf.Tensor[]) => {
      const result = loss(Object.fromEntries(names.map((name, index) => [name, values[index]!])), update, lastState);
      if (!('loss' in result)) return result;
      state = Object.fromEntries(Object.entries(result.state).map(([name, tensor]) => [name, asArray(tensor)]));
      return result.loss;
    };
    const { value, grads } = tf.valueAndGrads(f)(Object.values(asTensors(progress.parameters)));
    for (const [index, name] of names.entries()) gradients[name] = grads[index]!.dataSync() as Float32Array;
    return value;
  });
  const [number] = value.dataSync();
  value.dispose();
  return { value: number!, gradients, state };
}

function validate({ validation }: Training, progress: Progress, update: number): void {
  if (!validation) return;
  let measures: Measures = {};
  tf.tidy(() => {
    measures = validation.measure(asTensors(progress.parameters), asTensors(progress.state));
  });
  progress.curve.push({
    update,
    ...(progress.losses > 0 ? { trainingLoss: progress.lossSum / progress.losses } : {}),
    ...measures,
  });
  progress.lossSum = 0;
  progress.losses = 0;
  if (!validation.best) return;
  const value = measures[validation.best.measure]!;
  const { value: best } = progress.kept;
  if (!Number.isNaN(best) && !(validation.best.isBetter === 'lower' ? value < best : value > best)) return;
  progress.kept = {
    parameters: copyTensors(progress.parameters),
    state: copyTensors(progress.state),
    update,
    value,
  };
}

function report({ curve, lossSum, losses }: Progress, share: number, context: TrainingContext): void {
  const last = curve.at(-1)?.trainingLoss;
  const value = losses > 0 ? lossSum / losses : last;
  context.progress({ share, ...(value === undefined ? {} : { metric: 'training loss', value }) });
}

function save(progress: Progress, update: number): Checkpoint {
  const { parameters, state, adam, kept, snapshots, curve, lossSum, losses, skipped } = progress;
  const asNamed = (arrays: ArrayByName): NamedTensors =>
    Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, { shape: [data.length], data }]));
  return {
    step: update,
    tensors: {
      ...prefix('parameters', parameters),
      ...prefix('carried', state),
      ...prefix('mean', asNamed(adam.mean)),
      ...prefix('mean-square', asNamed(adam.meanSquare)),
      ...prefix('kept-parameters', kept.parameters),
      ...prefix('kept-carried', kept.state),
      ...prefix('snapshots', snapshots),
    },
    // JSON has no NaN, which is the value of what was kept before any validation.
    state: { applied: adam.applied, curve, lossSum, losses, skipped, kept: [kept.update, String(kept.value)] },
  };
}

function restore(training: Training, { tensors, state }: Checkpoint): Progress {
  const saved = state as {
    readonly applied: number;
    readonly curve: CurveRow[];
    readonly lossSum: number;
    readonly losses: number;
    readonly skipped: number;
    readonly kept: readonly [number, string];
  };
  const fresh = start(training);
  return {
    parameters: withPrefix('parameters', tensors),
    state: withPrefix('carried', tensors),
    adam: {
      mean: arraysOf(withPrefix('mean', tensors)),
      meanSquare: arraysOf(withPrefix('mean-square', tensors)),
      applied: saved.applied,
    },
    kept: {
      parameters: withPrefix('kept-parameters', tensors),
      state: withPrefix('kept-carried', tensors),
      update: saved.kept[0],
      value: Number(saved.kept[1]),
    },
    snapshots: { ...fresh.snapshots, ...withPrefix('snapshots', tensors) },
    curve: saved.curve,
    lossSum: saved.lossSum,
    losses: saved.losses,
    skipped: saved.skipped,
  };
}

function arraysOf(tensors: NamedTensors): ArrayByName {
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data as Float32Array]));
}

/** The same values in arrays of their own. */
export function copyTensors(tensors: NamedTensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: data.slice() as Float32Array }]),
  );
}

function asArray(tensor: tf.Tensor): Tensor {
  return { shape: [...tensor.shape], data: tensor.dataSync().slice() as Float32Array };
}
