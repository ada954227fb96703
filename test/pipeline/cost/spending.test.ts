import { describe, expect, it } from 'vitest';
import { defaultPrices, type PriceTable } from '../../../lib/pipeline/cost/prices.ts';
import { withinBudget } from '../../../lib/pipeline/cost/spending.ts';
import { BudgetExceeded } from '../../../lib/pipeline/errors.ts';
import { keys } from '../../../lib/pipeline/keys.ts';
import { plan } from '../../../lib/pipeline/plan.ts';
import {
  failureRecordSchema,
  planRecordSchema,
  readRecord,
  requireRecord,
  resolvedRunSchema,
} from '../../../lib/pipeline/records.ts';
import { resolve } from '../../../lib/pipeline/resolve.ts';
import type { StagePorts } from '../../../lib/pipeline/stages.ts';
import { train } from '../../../lib/pipeline/train.ts';
import { countingRequest, runStages, testPorts } from '../run-stages.ts';

/** A dollar a second of training, nothing for anything else: sums in one's head. */
const aDollarASecond: PriceTable = {
  ...defaultPrices,
  prices: {
    ...(Object.fromEntries(
      Object.keys(defaultPrices.prices).map((name) => [name, { usDollars: 0, source: 'a test' }]),
    ) as PriceTable['prices']),
    gpuInstanceHourOnDemand: { usDollars: 3600, source: 'a test' },
  },
};

/** The counting experiment's three trials of ten steps are estimated at ten seconds each. */
async function planned(budgetUsDollars: number, changes: Partial<StagePorts> = {}) {
  let now = Date.UTC(2026, 0, 1);
  const ports = testPorts({ prices: aDollarASecond, now: () => now, ...changes });
  const request = countingRequest('one', { budgetUsDollars });
  const resolved = await resolve(request, ports);
  const pass = (seconds: number) => {
    now += 1000 * seconds;
  };
  return { ports, resolved, pass };
}

async function spendingOf({ store }: StagePorts) {
  return JSON.parse(new TextDecoder().decode((await store.get(keys.spending('one')))!.body));
}

describe('Plan', () => {
  it('refuses before anything is trained where the missing work costs more than the budget', async () => {
    const { ports, resolved } = await planned(29);
    await expect(plan(resolved, ports)).rejects.toThrow(BudgetExceeded);
    await expect(plan(resolved, ports)).rejects.toThrow(
      'The run may cost $29; what is missing (3 trials, 6 evaluations) is estimated at $30 on AWS. Nothing was trained. Raise --budget',
    );
    expect(await ports.store.head(keys.trainBatches('one'))).toBeUndefined();
  });

  it('takes a budget that is just enough', async () => {
    const { ports, resolved } = await planned(30);
    await expect(plan(resolved, ports)).resolves.toMatchObject({ trainBatches: 2 });
  });

  it('counts only what is missing', async () => {
    const { ports } = await planned(30);
    await runStages(countingRequest('before', { overrides: { trials: 2 } }), ports);
    await expect(runStages(countingRequest('one', { budgetUsDollars: 10 }), ports)).resolves.toBeDefined();
    const record = await requireRecord(ports.store, keys.planRecord('one'), planRecordSchema);
    expect(record).toMatchObject({ missingTrials: 1, missingEvaluations: 2, estimatedCost: 10 });
  });

  it('counts what an earlier attempt has spent, and what it left under way', async () => {
    const { ports, resolved } = await planned(31);
    await plan(resolved, ports);
    await ports.store.put(
      keys.spending('one'),
      JSON.stringify({
        formatVersion: 1,
        spent: 3,
        underWay: { 'train count/0': { expected: 2, startedAt: '2026-01-01T00:00:00.000Z' } },
      }),
    );
    await expect(plan(resolved, ports)).rejects.toThrow('it has spent $5 already, and what is missing');
  });
});

describe('a job', () => {
  const about = (name: string) => ({ stage: 'train', name, items: 1 }) as const;

  async function resolvedRun(budget: number) {
    const { ports, resolved, pass } = await planned(budget);
    await plan(resolved, ports);
    return { ports, pass, run: await requireRecord(ports.store, keys.resolved('one'), resolvedRunSchema) };
  }

  it('does not begin where its expected cost would cross the budget, also beside others', async () => {
    const { ports, run } = await resolvedRun(35);
    const { promise: all, resolve: end } = Promise.withResolvers<void>();
    const begun: string[] = [];
    const works = ['a', 'b', 'c', 'd'].map((name) =>
      withinBudget(ports, run, about(name), async () => {
        begun.push(name);
        await all;
      }),
    );
    const outcomes = Promise.allSettled(works);
    await Promise.any(works.map((work) => work.catch(() => {})));
    end();
    expect((await outcomes).map(({ status }) => status).sort()).toEqual([
      ...['fulfilled', 'fulfilled', 'fulfilled'],
      'rejected',
    ]);
    expect(begun).toHaveLength(3);
    const failure = await readRecord(ports.store, keys.failure('one', 'budget'), failureRecordSchema);
    expect(failure).toMatchObject({ error: 'BudgetExceeded' });
    expect(failure!.message).toContain('The run may cost $35: $0 are spent, $30 are under way');
  });

  it('pays for what it took, also where it fails', async () => {
    const { ports, run, pass } = await resolvedRun(40);
    await withinBudget(ports, run, about('a'), async () => {
      pass(4);
    });
    const fails = withinBudget(ports, run, about('b'), async () => {
      pass(7);
      throw new RangeError('no');
    });
    await expect(fails).rejects.toThrow(RangeError);
    expect(await spendingOf(ports)).toEqual({ formatVersion: 1, spent: 11, underWay: {} });
  });

  it('that a kill has ended is paid for when it begins again', async () => {
    const { ports, run, pass } = await resolvedRun(40);
    void withinBudget(ports, run, about('a'), () => new Promise(() => {})).catch(() => {});
    while (!(await spendingOf(ports)).underWay['train a']) await new Promise((done) => setImmediate(done));
    pass(6);
    await withinBudget(ports, run, about('a'), async () => pass(1));
    expect((await spendingOf(ports)).spent).toBe(7);
  });

  it('that takes far longer than expected is stopped at a checkpoint, and keeps it', async () => {
    const { ports, resolved, pass } = await planned(30);
    await plan(resolved, ports);
    // Every step of the first trial takes nine seconds instead of one, and saves a checkpoint.
    const slow: StagePorts = { ...ports, experiments: slowed(ports, () => pass(9)) };
    await expect(train({ run: 'one', batch: 1 }, slow)).rejects.toThrow(BudgetExceeded);
    const checkpoints = [];
    for await (const { key } of ports.store.list('checkpoints/')) checkpoints.push(key);
    expect(checkpoints).toHaveLength(1);
    // After 9, 18 and 27 there was room; what it is over is the time from one checkpoint to the next.
    expect((await spendingOf(ports)).spent).toBe(36);
  });
});

function slowed({ experiments }: StagePorts, beforeCheckpoint: () => void): StagePorts['experiments'] {
  const find = (name: string) => {
    const experiment = experiments.find(name);
    const train: typeof experiment.train = (trial, context) =>
      experiment.train(trial, {
        ...context,
        async saveCheckpoint(checkpoint) {
          beforeCheckpoint();
          await context.saveCheckpoint(checkpoint);
        },
      });
    return { ...experiment, train };
  };
  return { find, all: () => experiments.all() };
}
