/**
 * Minibatch training on TensorFlow.js by a rule of updates. What a minibatch holds is a function of the update's number, and all else
 * is in the checkpoint, so that a training that was killed goes on to the same bits.
 */
import * as tf from '@tensorflow/tfjs-core';
import { prefix, withPrefix } from '../numerics/tensor-names.ts';
import { TrainingDiverged } from './errors.ts';
import { asTensors, copyTensors, type TensorByName } from './trainer.ts';
import '../numerics/register-gradients.ts';
import type { NamedTensors, Tensor } from '../numerics/safetensors.ts';
import type { Checkpoint, TrainingContext } from '../pipeline/context.ts';
import type { UpdateRule } from './update-rules.ts';

export interface RuleTraining {
  /** Float32, to start from. */
  readonly parameters: NamedTensors;
  readonly updates: number;
  readonly rule: UpdateRule;
  /** The loss of minibatch number `update`, and parts of it to record. Runs inside a tidy. */
  loss(parameters: TensorByName, update: number): LossOfParts;
  /** Rows of the curve: means over so many updates, and after the last. */
  readonly recordEveryUpdates: number;
  /** Further columns of the same rows. Runs inside a tidy. */
  measure?(parameters: TensorByName): Readonly<Record<string, number>>;
  /** Goes into the model's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface LossOfParts {
  readonly total: tf.Scalar;
  /** By their columns' names. */
  readonly parts?: Readonly<Record<string, tf.Scalar>>;
}

type CurveRow = Readonly<Record<string, number>>;

interface Progress {
  readonly parameters: NamedTensors;
  /** Of the rule. */
  readonly carried: ReturnType<UpdateRule['start']>;
  /** Updates that were made. */
  applied: number;
  readonly curve: CurveRow[];
  /** Since the last row: sums of the loss and its parts, and of how many updates. */
  sums: Record<string, number>;
  summed: number;
  /** Updates whose loss or gradient was not finite, and which were left out. */
  skipped: number;
}

/** Trains, and writes curve and model. Throws TrainingDiverged where more than half of the updates had to be left out. */
export async function trainByRule(training: RuleTraining, context: TrainingContext): Promise<void> {
  const { updates } = training;
  let update = context.checkpoint?.step ?? 0;
  const progress = context.checkpoint ? restore(context.checkpoint) : start(training);
  while (update < updates) {
    makeUpdate(training, progress, update);
    update += 1;
    const { trainingLoss } = meansOf(progress);
    context.progress({
      share: update / updates,
      ...(trainingLoss === undefined ? {} : { metric: 'training loss', value: trainingLoss }),
    });
    if (update % training.recordEveryUpdates === 0 || update === updates) record(training, progress, update);
    await context.breathe();
    if (context.checkpointDue()) await context.saveCheckpoint(save(progress, update));
  }
  if (progress.skipped > updates / 2) throw new TrainingDiverged(progress.skipped, updates);
  await context.writeMetrics(progress.curve);
  await context.writeModel(progress.parameters, {
    ...training.metadata,
    updates: String(updates),
    skippedUpdates: String(progress.skipped),
  });
}

function start({ parameters, rule }: RuleTraining): Progress {
  return {
    parameters: copyTensors(parameters),
    carried: rule.start(parameters),
    applied: 0,
    curve: [],
    sums: {},
    summed: 0,
    skipped: 0,
  };
}

function makeUpdate({ loss, rule }: RuleTraining, progress: Progress, update: number): void {
  const names = Object.keys(progress.parameters);
  const losses: Record<string, number> = {};
  const gradients: Record<string, Float32Array> = {};
  tf.tidy(() => {
    const f = (...values: tf.Tensor[]) => {
      const { total, parts = {} } = loss(
        Object.fromEntries(names.map((name, index) => [name, values[index]!])),
        update,
      );
      for (const [name, part] of Object.entries(parts)) losses[name] = part.dataSync()[0]!;
      return total;
    };
    const { value, grads } = tf.valueAndGrads(f)(Object.values(asTensors(progress.parameters)));
    losses.trainingLoss = value.dataSync()[0]!;
    for (const [index, name] of names.entries()) gradients[name] = grads[index]!.dataSync() as Float32Array;
  });
  const areFinite = [Object.values(losses), ...Object.values(gradients)].every((values) =>
    values.every(Number.isFinite),
  );
  if (!areFinite) {
    progress.skipped += 1;
    return;
  }
  for (const [name, value] of Object.entries(losses)) progress.sums[name] = (progress.sums[name] ?? 0) + value;
  progress.summed += 1;
  rule.apply(arraysOf(progress.parameters), gradients, progress.carried, update, progress.applied);
  progress.applied += 1;
}

function meansOf({ sums, summed }: Progress): CurveRow {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / summed]));
}

function record({ measure }: RuleTraining, progress: Progress, update: number): void {
  let measures: Readonly<Record<string, number>> = {};
  tf.tidy(() => {
    measures = measure?.(asTensors(progress.parameters)) ?? {};
  });
  progress.curve.push({ update, ...meansOf(progress), ...measures });
  progress.sums = {};
  progress.summed = 0;
}

function save({ parameters, carried, ...state }: Progress, update: number): Checkpoint {
  const named = Object.entries(carried).map(([name, data]): [string, Tensor] => [name, { shape: [data.length], data }]);
  return {
    step: update,
    tensors: { ...prefix('parameters', parameters), ...prefix('carried', Object.fromEntries(named)) },
    state,
  };
}

function restore({ tensors, state }: Checkpoint): Progress {
  return {
    ...(state as Omit<Progress, 'parameters' | 'carried'>),
    parameters: withPrefix('parameters', tensors),
    carried: arraysOf(withPrefix('carried', tensors)),
  };
}

function arraysOf(tensors: NamedTensors): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data as Float32Array]));
}
