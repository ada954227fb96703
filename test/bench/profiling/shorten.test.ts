import { expect, test } from 'vitest';
import { evaluationSeconds, shorten, trainingSeconds } from '../../../bench/profiling/shorten.ts';
import { experiments } from '../../../lib/experiments.ts';

test.for(experiments.all().map((experiment) => [experiment.name, experiment] as const))(
  'what is cut of %s can be run, and is no more work',
  ([, experiment]) => {
    const whole = experiment.presets.laptop;
    const cut = shorten(experiment, whole, 20);
    expect(experiment.params.safeParse(cut).success).toBe(true);
    expect(trainingSeconds(experiment, cut)).toBeLessThanOrEqual(trainingSeconds(experiment, whole));
    expect(evaluationSeconds(experiment, cut)).toBeLessThanOrEqual(evaluationSeconds(experiment, whole));
  },
);

test('counts are cut and sizes are not, also in what is nested', () => {
  const experiment = experiments.find('random-walk/segmentation');
  const whole = experiment.presets.laptop as {
    readonly cropHeight: number;
    readonly backEndTraining: { updates: number };
  };
  const cut = shorten(experiment, whole, 20) as typeof whole;
  expect(cut.cropHeight).toBe(whole.cropHeight);
  expect(cut.backEndTraining.updates).toBeLessThan(whole.backEndTraining.updates);
});

test('a preset that is short enough stays as it is', () => {
  const experiment = experiments.find('layer-norm/invariances');
  expect(shorten(experiment, experiment.presets.laptop, 3600)).toBe(experiment.presets.laptop);
});

test('horizons are cut by whole windows where nothing else helps, and what is measured beyond them with them', () => {
  const experiment = experiments.find('learned-optimizers/robust-training');
  const cut = shorten(experiment, experiment.presets.laptop, 20) as { horizonSteps: number; measuredSteps: number[] };
  expect(cut.horizonSteps).toBe(20);
  expect(cut.measuredSteps).toEqual([20, 200, 2000]);
});
