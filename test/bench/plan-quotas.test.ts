import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extrapolate, measurePlanLoad, type PlanLoad } from '../../bench/simulation/plan-load.ts';
import { holdAgainstQuotas, type QuotaAssumptions } from '../../bench/simulation/plan-quotas.ts';
import { readPipeline } from '../../bench/simulation/read-pipeline.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-quotas-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const load: PlanLoad = {
  trials: 1000,
  trainBatches: 100,
  evaluationBatches: 50,
  requests: {
    plan: { reads: 2000, writes: 10 },
    train: { reads: 3000, writes: 4000 },
    evaluate: { reads: 500, writes: 100 },
    aggregate: { reads: 3000, writes: 20 },
  },
  stateBytes: 200,
  listBytes: 1000,
};
const assumptions: QuotaAssumptions = {
  trialSeconds: 8,
  evaluationSeconds: 4,
  requestSeconds: 0.05,
  concurrentRequests: 10,
  trainingJobs: 16,
  evaluations: 40,
  trainingSeconds: 3600,
  states: [
    { kind: 'task', retries: 6 },
    { kind: 'map', retries: 3 },
    { kind: 'other', retries: 0 },
  ],
};

describe('holdAgainstQuotas', () => {
  it('asks for what one finds by hand', () => {
    const uses = new Map(holdAgainstQuotas(load, assumptions).map(({ quota, use }) => [quota.split(',')[0], use]));
    // 2 of the execution, 5 + 6 + 2 of its states, 3 for each of nine retries.
    expect(uses.get('history of the execution')).toBe(2 + 13 + 27);
    // Ten trials of 8 s a job.
    expect(uses.get('time of a training job')).toBe(80 / 3600);
    expect(uses.get('time of the Plan function')).toBeCloseTo((2010 * 0.05) / 10, 10);
    // An hour of training, 50 batches of 4 s on 40, and Plan.
    expect(uses.get('time of the execution')).toBeCloseTo((3600 + 5 + 10.05) / 3600, 10);
    const [training, evaluation] = holdAgainstQuotas(load, assumptions).filter(({ quota }) =>
      quota.startsWith('S3, writes'),
    );
    expect(training!.use).toBe(4 * 2);
    expect(evaluation!.use).toBe(2 * 10);
  });
});

describe('measurePlanLoad', () => {
  it('grows as a larger plan does that is measured', async () => {
    const measure = (trials: number) => measurePlanLoad(join(folder, `${trials}`), { trials, trialsAJob: 4 });
    const [one, two, four] = [await measure(16), await measure(32), await measure(64)];
    expect(four).toMatchObject({ trainBatches: 16, evaluationBatches: 8 });
    expect(extrapolate(one, two, 64).requests).toEqual(four.requests);
    // A look-up a trial and a look-up an evaluation, at least.
    expect(four.requests.plan.reads).toBeGreaterThanOrEqual(128);
  });
});

it('reads the concurrency of the maps from the synthesised state machine', async () => {
  const { trainingJobs, evaluations, states } = await readPipeline();
  expect([trainingJobs, evaluations]).toEqual([16, 40]);
  expect(states.filter(({ kind }) => kind === 'map')).toHaveLength(2);
  expect(states.some(({ retries }) => retries > 0)).toBe(true);
});
