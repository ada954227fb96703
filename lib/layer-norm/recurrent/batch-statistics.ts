/**
 * The statistics of recurrent batch normalisation over training: an average for every time step, since activations differ
 * most at the first steps (Cooijmans et al., arXiv 1603.09025, §3).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { lstmGates } from './gates.ts';

/** One row a time step; `4·units` columns lie in the order of `lstmGates`. */
export type BatchStatistics = {
  /** Of W_x x, [steps, 4·units]. */
  readonly inputMean: tf.Tensor;
  readonly inputVariance: tf.Tensor;
  /** Of W_h h, [steps, 4·units]. */
  readonly recurrentMean: tf.Tensor;
  readonly recurrentVariance: tf.Tensor;
  /** Of c, [steps, units]. */
  readonly cellMean: tf.Tensor;
  readonly cellVariance: tf.Tensor;
};

export type MinibatchStatistics = BatchStatistics & {
  /** How many cases each step's statistics come from, [steps, 1]. */
  readonly cases: tf.Tensor;
};

export type RunningStatistics = BatchStatistics & {
  /** How many minibatches each step's averages come from, [steps, 1]. */
  readonly minibatches: tf.Tensor;
};

export const statisticsNames = [
  'inputMean',
  'inputVariance',
  'recurrentMean',
  'recurrentVariance',
  'cellMean',
  'cellVariance',
] as const satisfies readonly (keyof BatchStatistics)[];

/** Statistics before any minibatch, mean 0 and variance 1, of the steps 0, …, `maxSteps` − 1. */
export function initializeRunningStatistics(maxSteps: number, units: number): NamedTensors {
  const rows = (width: number, value: number) => ({
    shape: [maxSteps, width],
    data: new Float32Array(maxSteps * width).fill(value),
  });
  const ofGates = lstmGates.length * units;
  return {
    inputMean: rows(ofGates, 0),
    inputVariance: rows(ofGates, 1),
    recurrentMean: rows(ofGates, 0),
    recurrentVariance: rows(ofGates, 1),
    cellMean: rows(units, 0),
    cellVariance: rows(units, 1),
    minibatches: rows(1, 0),
  };
}

/**
 * The averages after one more minibatch: s ← s + ρ(s_minibatch − s) with ρ = max(1 − momentum, 1/(minibatches so far + 1)),
 * the plain mean until there are enough for the exponential one, so that what they begin at leaves no trace. A step with
 * fewer than two cases has no variance to learn from and keeps its averages. Steps that no sequence has reached yet take
 * the averages of the last one that this minibatch reached; steps beyond `maxSteps` are not recorded.
 */
export function updateRunningStatistics(
  running: RunningStatistics,
  minibatch: MinibatchStatistics,
  momentum: number,
): RunningStatistics {
  return tf.tidy(() => {
    const maxSteps = running.minibatches.shape[0]!;
    const steps = Math.min(maxSteps, minibatch.cases.shape[0]!);
    if (steps === 0) return copy(running);
    const reached = (rows: tf.Tensor) => tf.slice(rows, [0, 0], [steps, rows.shape[1]!]);
    const beyond = (rows: tf.Tensor) => tf.slice(rows, [steps, 0], [maxSteps - steps, rows.shape[1]!]);

    const counts = reached(running.minibatches);
    const learns = tf.cast(tf.greaterEqual(reached(minibatch.cases), 2), 'float32');
    const rate = tf.mul(learns, tf.maximum(1 - momentum, tf.reciprocal(tf.add(counts, 1))));
    const unreached = tf.equal(beyond(running.minibatches), 0);

    const average = (name: keyof BatchStatistics): tf.Tensor => {
      const before = reached(running[name]);
      const after = tf.add(before, tf.mul(rate, tf.sub(reached(minibatch[name]), before)));
      if (steps === maxSteps) return after;
      const last = tf.slice(after, [steps - 1, 0], [1, after.shape[1]!]);
      return tf.concat([after, tf.where(unreached, last, beyond(running[name]))], 0);
    };
    return {
      inputMean: average('inputMean'),
      inputVariance: average('inputVariance'),
      recurrentMean: average('recurrentMean'),
      recurrentVariance: average('recurrentVariance'),
      cellMean: average('cellMean'),
      cellVariance: average('cellVariance'),
      minibatches: tf.concat([tf.add(counts, learns), beyond(running.minibatches)], 0),
    };
  });
}

function copy(statistics: RunningStatistics): RunningStatistics {
  const names = [...statisticsNames, 'minibatches'] as const;
  return Object.fromEntries(names.map((name) => [name, statistics[name].clone()])) as unknown as RunningStatistics;
}
