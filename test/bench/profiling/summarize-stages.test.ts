import { expect, test } from 'vitest';
import { selfTimes } from '../../../bench/profiling/cpu-profile.ts';
import { summarizeStages } from '../../../bench/profiling/summarize-stages.ts';
import { makeProfile, root } from './sample-profile.ts';

const own = makeProfile([
  [10, ' lib/experiments.ts'],
  [50, '(idle) builtin'],
  [5, 'put lib/storage/folder-object-store.ts'],
  [30, 'step lib/kernels/recurrent.ts', 'wasm-function[1] wasm://wasm/a'],
  [10, 'score lib/layer-norm/models/draw.ts', 'parse builtin'],
]);
const job = makeProfile([
  [60, 'loss lib/layer-norm/models/draw.ts'],
  [15, '(garbage collector) builtin'],
  [25, 'step lib/kernels/recurrent.ts', 'set builtin'],
]);
/** The profile begins at 1 s. */
const stages = [
  { stage: 'train', from: 1_010_000, to: 1_065_000 },
  { stage: 'evaluate', from: 1_065_000, to: 1_105_000 },
] as const;

const run = { own: [own], jobs: [job], marks: { stages, preparations: [] }, root };

test('a sample stands for the time until the next, and a span takes what lies in it', () => {
  const seconds = (times: ReadonlyMap<unknown, number>) => [...times.values()].reduce((sum, time) => sum + time, 0);
  expect(seconds(selfTimes(job))).toBeCloseTo(0.1, 9);
  expect(seconds(selfTimes(own, stages[1]))).toBeCloseTo(0.04, 9);
});

test('each stage gets its own time, training that of its jobs too, and waiting is nobody’s', () => {
  const [train, evaluate, around] = summarizeStages(run);
  expect(train).toMatchObject({ stage: 'train', inside: expect.closeTo(60 / 105, 6) });
  expect(train!.seconds).toBeCloseTo(0.105, 9);
  expect(train!.secondsByCategory.waiting).toBeCloseTo(0.05, 9);
  expect(train!.secondsByCategory['kernel-calls']).toBeCloseTo(0.025, 9);
  expect(evaluate).toMatchObject({
    stage: 'evaluate',
    inside: expect.closeTo(0.75, 6),
    outside: expect.closeTo(0.25, 6),
  });
  expect(around!.secondsByCategory).toEqual({ modules: expect.closeTo(0.01, 6) });
});

test('the largest frames outside are named, the largest first', () => {
  const [train] = summarizeStages(run);
  expect(train!.largestOutside).toEqual([
    { label: 'set ← step lib/kernels/recurrent.ts', share: expect.closeTo(25 / 105, 6) },
    { label: '(garbage collector)', share: expect.closeTo(15 / 105, 6) },
    { label: 'put lib/storage/folder-object-store.ts', share: expect.closeTo(5 / 105, 6) },
  ]);
});

test('starting a job, loading its modules and decoding its dataset are once a job', () => {
  const decoding = makeProfile([
    [7, ' lib/layer-norm/training/draw.ts'],
    [8, 'parseIdx lib/datasets/idx.ts'],
    [20, 'loss lib/layer-norm/models/draw.ts'],
  ]);
  const [train, evaluate] = summarizeStages({ ...run, jobs: [job, decoding] });
  expect(train!.onceAJobSeconds).toBeCloseTo(0.005 + 0.007 + 0.008, 9);
  expect(evaluate!.onceAJobSeconds).toBe(0);
});

test('so is everything else until its first step, but for what it is there for', () => {
  const preparations = [{ from: 1_050_000, to: 1_080_000 }];
  const [train] = summarizeStages({ ...run, marks: { stages, preparations } });
  // Orchestrating, then 15 ms of garbage collection and 5 ms of copying; 10 ms of the model's loss are none of it.
  expect(train!.onceAJobSeconds).toBeCloseTo(0.005 + 0.015 + 0.005, 9);
  expect(train!.seconds).toBeCloseTo(0.105, 9);
});
