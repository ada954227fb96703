import { expect, test } from 'vitest';
import type { StageProfile } from '../../../bench/profiling/summarize-stages.ts';
import { outsideOfWhole, trainingPart, whole } from '../../../bench/profiling/whole-preset.ts';
import { experiments } from '../../../lib/experiments.ts';

/** 10 s, of which 4 outside, of which 3 once a job. */
const measured: StageProfile = {
  stage: 'train',
  seconds: 10,
  secondsByCategory: { kernels: 6, modules: 3, json: 1 },
  inside: 0.6,
  outside: 0.4,
  onceAJobSeconds: 3,
  largestOutside: [],
};

test('a run that was not shortened is the whole preset', () => {
  expect(outsideOfWhole(measured, whole)).toBeCloseTo(0.4, 9);
});

test('what is once a job stays that, and all else grows with the work', () => {
  expect(outsideOfWhole(measured, { work: 0.1, jobs: 1 })).toBeCloseTo((3 + 10) / (3 + 70), 9);
  expect(outsideOfWhole(measured, { work: 0.1, jobs: 0.5 })).toBeCloseTo((6 + 10) / (6 + 70), 9);
});

test('a stage that did nothing spent nothing outside', () => {
  const nothing = { ...measured, seconds: 0, outside: 0, onceAJobSeconds: 0 };
  expect(outsideOfWhole(nothing, whole)).toBe(0);
});

test('fewer seeds are fewer jobs where every seed is trained', () => {
  const experiment = experiments.find('layer-norm/draw');
  const preset = experiment.presets.laptop;
  const part = trainingPart(experiment, { ...preset, seeds: 1 }, preset);
  expect(part.jobs).toBeCloseTo(1 / 3, 9);
  expect(part.work).toBeCloseTo(1 / 3, 1);
});
