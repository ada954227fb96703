/** Costs against sums made by hand from the prices of 2026-11-01, and the same sum out of `stepwise show --json`. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hasArtifact } from '../../../lib/pipeline/artifacts.ts';
import { costOf, runCostSchema } from '../../../lib/pipeline/cost/cost.ts';
import { spentOf } from '../../../lib/pipeline/cost/costed-stages.ts';
import { defaultPrices } from '../../../lib/pipeline/cost/prices.ts';
import { keys } from '../../../lib/pipeline/keys.ts';
import { readRecord } from '../../../lib/pipeline/records.ts';
import { runDocumentSchema } from '../../../lib/pipeline/run-document.ts';
import { readRunDocument } from '../../../lib/pipeline/run-records.ts';
import type { ObjectStore } from '../../../lib/storage/object-store.ts';
import { openStore } from '../../../lib/storage/open-store.ts';
import { runCommand } from '../../cli/run-command.ts';
import { newTemporaryFolder } from '../../temporary-folder.ts';
import { counting } from '../counting-experiment.ts';
import { countingRequest, runStages, testPorts } from '../run-stages.ts';

/**
 * A run of two hours on a GPU machine, by hand. Lambda: GB × seconds × $0.0000133334 + $0.0000002 a call, so evaluation is
 * 3008/1024 × 800 = 2350 GB-seconds and 40 calls, Aggregate 1769/1024 × 5 = 8.6377 and one. Transitions
 * 10 + 3 × 4 + 40 = 62 at $0.000025, and 40 Express children of altogether 800 s at 1/16 GB. S3: PUTs
 * 15 + 8 × 5 + 2 × 300 + 2 × 44 = 743, GETs 20 + 8 × 5 + 4 × 300 + 3 × 44 = 1392.
 */
const byHand = {
  resolve: 0.0000068667,
  plan: 0.0000268668,
  train: 1.052,
  evaluate: 0.03134149,
  aggregate: 0.00011536984668,
  notify: 0.0000068667,
  orchestration: 0.0024235,
  storage: 0.0042718,
};

const documentation = await readFile(join(import.meta.dirname, '../../../docs/cost.md'), 'utf8');

it('a run costs what its seconds, calls, transitions and requests come to', () => {
  const work = {
    resolveSeconds: 1,
    planSeconds: 2,
    trainSeconds: 7200,
    trainBatches: 4,
    trials: 5,
    evaluateSeconds: 800,
    evaluationBatches: 40,
    evaluations: 300,
    aggregateSeconds: 5,
    notifications: 1,
  };
  const cost = costOf(work, defaultPrices);
  for (const [stage, dollars] of Object.entries(byHand)) {
    expect(cost[stage as keyof typeof byHand], stage).toBeCloseTo(dollars, 12);
  }
  expect(cost.total).toBeCloseTo(1.09019276, 9);
  // The same example in words: docs/cost.md.
  const documented = Object.fromEntries(
    [...documentation.matchAll(/^\| \**([a-z ,]+)\** \|[^|]*\| \**([\d.]+)\** \|$/gm)].map(([, name, dollars]) => [
      name,
      Number(dollars),
    ]),
  );
  expect(documented).toEqual({
    ...{ train: 1.052, evaluate: 0.031341, storage: 0.004272, orchestration: 0.002424, aggregate: 0.000115 },
    ...{ plan: 0.000027, 'resolve, notify': 0.000014, total: 1.090193, 'on spot': 0.458993 },
  });
  for (const stage of ['train', 'evaluate', 'storage', 'orchestration', 'aggregate', 'plan', 'total'] as const) {
    expect(documented[stage], stage).toBeCloseTo(cost[stage], 6);
  }
  expect(documented['resolve, notify']).toBeCloseTo(cost.resolve + cost.notify, 6);
  // Two hours at $0.2104 instead of $0.526.
  expect(costOf(work, defaultPrices, 'spot').total).toBeCloseTo(1.09019276 - 0.6312, 9);
});

it('show --json tells the cost of a run as one would add it up', async () => {
  const folder = await newTemporaryFolder();
  const store = await openStore(folder);
  let now = Date.UTC(2026, 0, 1);
  const ports = testPorts({ store, now: () => now });
  // The clock moves only where an experiment works: a minute a trial, ten seconds an evaluation.
  const train: typeof counting.train = async (trial, context) => {
    await counting.train(trial, context);
    now += 60_000;
  };
  const evaluate: typeof counting.evaluate = async (evaluation, context) => {
    now += 10_000;
    return counting.evaluate(evaluation, context);
  };
  const find = () => ({ ...counting, train, evaluate });
  await store.put(keys.request('by-hand'), JSON.stringify(countingRequest('by-hand')));
  await runStages(countingRequest('by-hand'), { ...ports, experiments: { find, all: () => [find()] } });

  const { code, stdout, stderr } = await runCommand(['show', 'by-hand', '--store', folder, '--json']);
  expect(code, stderr).toBe(0);
  const { cost } = runDocumentSchema.parse(JSON.parse(stdout));
  // Three trials in two jobs: 180 s of $0.526 an hour. Six evaluations in one Lambda: 60 s of 3008 MB. Seventeen
  // transitions, one Express child of 60 s. PUTs 15 + 24 + 12 + 6 = 57, GETs 20 + 24 + 24 + 9 = 77.
  const expected = {
    resolve: 0.0000002,
    plan: 0.0000002,
    train: 0.0263,
    evaluate: 0.00235021175,
    aggregate: 0.0000002,
    notify: 0.0000068667,
    orchestration: 0.000025 * 17 + 0.000001 + 0.0000625125,
    storage: 0.000285 + 0.0000308,
  };
  for (const [stage, dollars] of Object.entries(expected)) {
    expect(cost[stage as keyof typeof expected], stage).toBeCloseTo(dollars, 9);
  }
  const total = Object.values(expected).reduce((sum, dollars) => sum + dollars, 0);
  expect(cost.total).toBeCloseTo(total, 9);
  expect(cost).toMatchObject({ currency: 'USD', pricesAsOf: '2026-11-01', gpu: 'on demand' });
  expect(cost.totalOnSpot).toBeCloseTo(total - 0.0263 * 0.6, 9);
});

it('a run keeps the prices that it began with, and one without a document tells what is spent so far', async () => {
  const prices = {
    ...defaultPrices,
    asOf: '2026-12-24',
    prices: { ...defaultPrices.prices, gpuInstanceHourOnDemand: { usDollars: 3600, source: 'a dollar a second' } },
  };
  const { prices: _, ...ports } = testPorts();
  await runStages(countingRequest('dear'), { ...ports, prices });
  const finished = (await readRecord(ports.store, keys.result('test/counting', 'dear'), runDocumentSchema))!;
  expect(finished.cost.pricesAsOf).toBe('2026-12-24');
  expect(finished.cost.train).toBeGreaterThanOrEqual(3);

  await ports.store.delete(keys.result('test/counting', 'dear'));
  const provenance = { code: '', backend: 'wasm-relaxed', threads: 1, hardware: '' } as const;
  await ports.store.put(keys.request('dear'), JSON.stringify(countingRequest('dear')));
  const { cost, status } = await readRunDocument(ports.store, 'dear', () => counting, provenance);
  expect(status).toBe('running');
  expect(cost.train).toBe(finished.cost.train);
  expect(cost.notify).toBe(0);
});

it('what trains right now is in the cost, and an attempt that failed stays in it', async () => {
  let now = Date.UTC(2026, 0, 1);
  const ports = testPorts({ now: () => now });
  const { store } = ports;
  const provenance = { code: '', backend: 'wasm-relaxed', threads: 1, hardware: '' } as const;
  const hours: number[] = [];
  const trainCost = async (at?: number) =>
    (await readRunDocument(store, 'live', () => counting, provenance, at)).cost.train! / 0.526;
  const train: typeof counting.train = async (trial, context) => {
    now += 3_600_000;
    hours.push(await trainCost(now), await trainCost());
    await counting.train(trial, context);
  };
  const experiments = { find: () => ({ ...counting, train }), all: () => [] };
  const request = countingRequest('live', { overrides: { broken: ['count/1'] }, toleratedFailurePercentage: 100 });
  await store.put(keys.request('live'), JSON.stringify(request));
  await runStages(request, { ...ports, experiments });
  // An hour a trial: the first under way, then done; the second under way, then failed; the third under way. Whoever
  // does not know that the run goes on sees what has ended.
  expect(hours.map((value) => Number(value.toFixed(6)))).toEqual([1, 0, 2, 1, 3, 2]);

  const finished = (await readRecord(store, keys.result('test/counting', 'live'), runDocumentSchema))!;
  expect(finished.cost.train! / 0.526).toBeCloseTo(3, 6);
  await store.delete(keys.result('test/counting', 'live'));
  const { trials } = await readRunDocument(store, 'live', () => counting, provenance, now);
  expect(trials).toMatchObject({ planned: 3, trained: 2, failed: 1 });
  // A day later the attempt of a killed job counts no more than a job may take.
  const [killed] = [...(await digestsOf(store, 'live'))];
  await store.put(keys.trainingAttempt('live', killed!), JSON.stringify({ startedAt: new Date(now).toISOString() }));
  expect(await trainCost(now + 90 * 3_600_000)).toBeCloseTo(2 + 24, 6);
});

/** Of trials without an artifact. */
async function digestsOf(store: ObjectStore, run: string): Promise<Set<string>> {
  const digests = new Set<string>();
  for await (const { key } of store.list(keys.trainingAttemptsPrefix(run))) {
    const digest = key.split('/').at(-1)!.replace('.json', '');
    if (!(await hasArtifact(store, digest))) digests.add(digest);
  }
  return digests;
}

it('what was recorded before costs had a total is still read, and added up', async () => {
  const old = { train: 0.5, evaluate: 0.25, orchestration: 0.125, estimated: 3 };
  expect(spentOf(runCostSchema.parse(old))).toBe(0.875);
  expect(spentOf({ estimated: 3 })).toBeUndefined();
  const folder = join(import.meta.dirname, '../../../docs/results');
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.json')) continue;
    expect(runCostSchema.safeParse(JSON.parse(await readFile(join(folder, name), 'utf8')).cost).error, name).toBe(
      undefined,
    );
  }
});
