import { expect, test } from 'vitest';
import type { NamedTensors } from '../../lib/numerics/safetensors.ts';
import type { TrainingContext } from '../../lib/pipeline/context.ts';
import type { AnyExperiment } from '../../lib/pipeline/experiment.ts';
import { trainInPhases } from '../../lib/training/train-phases.ts';
import { trainTrial } from '../layer-norm/run-experiment.ts';

/** Adds one a step to what it starts from, and says so in its curve. */
function count(from: NamedTensors | undefined, updates: number) {
  return async (context: TrainingContext) => {
    const { checkpoint } = context;
    const start = checkpoint?.tensors ?? from;
    const sum = Float32Array.from((start?.sum?.data as Float32Array) ?? [0, 10]);
    for (let step = checkpoint?.step ?? 0; step < updates; ) {
      for (let index = 0; index < sum.length; index++) sum[index]! += 1;
      step += 1;
      context.progress({ share: step / updates });
      const tensors = { sum: { shape: [2], data: sum.slice() } };
      if (context.checkpointDue()) await context.saveCheckpoint({ step, tensors, state: { step } });
    }
    await context.writeMetrics([{ steps: updates, first: sum[0]! }]);
    await context.writeModel({ sum: { shape: [2], data: sum } }, {});
  };
}

const shares: number[] = [];
const counting = {
  train: (_: unknown, context: TrainingContext) =>
    trainInPhases(
      [
        { name: 'first', updates: 3, train: (_, inner) => count(undefined, 3)(inner) },
        { name: 'left', updates: 2, train: (earlier, inner) => count(earlier.first, 2)(inner) },
        { name: 'right', updates: 5, train: (earlier, inner) => count(earlier.first, 5)(inner) },
      ],
      { kind: 'counts' },
      { ...context, progress: ({ share }) => shares.push(share) },
    ),
} as unknown as AnyExperiment;
const noData = async () => Promise.reject(new Error('no data'));

test('a phase starts from what an earlier one made, and all are in the model', async () => {
  const { tensors, metrics, metadata } = await trainTrial(counting, { name: 'counts' }, noData);
  const data = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, [...tensor.data]]));
  expect(data).toEqual({ 'first/sum': [3, 13], 'left/sum': [5, 15], 'right/sum': [8, 18] });
  expect(metrics).toEqual([
    { phase: 'first', steps: 3, first: 3 },
    { phase: 'left', steps: 2, first: 5 },
    { phase: 'right', steps: 5, first: 8 },
  ]);
  expect(metadata).toEqual({ kind: 'counts' });
  expect(shares.map((share) => Number(share.toFixed(3)))).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
});

test.each([1, 2, 3, 4, 5, 6, 9])('killed at step %i, it ends with the same', async (step) => {
  const whole = await trainTrial(counting, { name: 'counts' }, noData);
  expect(await trainTrial(counting, { name: 'counts' }, noData, step)).toEqual(whole);
});
