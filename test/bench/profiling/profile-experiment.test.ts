import { expect, test } from 'vitest';
import { profileExperiment } from '../../../bench/profiling/profile-experiment.ts';
import { newTemporaryFolder } from '../../temporary-folder.ts';

test('a run is profiled, jobs and all', async () => {
  const store = await newTemporaryFolder();
  const stages = await profileExperiment({
    experiment: 'learned-optimizers/quadratics',
    preset: 'smoke',
    overrides: {},
    store,
  });
  expect(stages.map(({ stage }) => stage)).toEqual(['train', 'evaluate', 'around']);
  for (const { seconds, inside, outside } of stages) {
    expect(seconds).toBeGreaterThan(0);
    expect(inside + outside).toBeCloseTo(1, 6);
  }
  // Only a job runs the kernel that trains, and only its profile shows it.
  expect(stages[0]!.secondsByCategory.kernels).toBeGreaterThan(0);
  expect(stages[2]!.secondsByCategory.modules).toBeGreaterThan(0);
});

test('a run that fails is an error that says why', async () => {
  const store = await newTemporaryFolder();
  const asked = {
    experiment: 'learned-optimizers/quadratics',
    preset: 'smoke',
    overrides: { seeds: -1 },
    store,
  } as const;
  await expect(profileExperiment(asked)).rejects.toThrow(/seeds/);
});
