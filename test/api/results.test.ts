import { beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../../lib/api/create-api.ts';
import { experiments } from '../../lib/experiments.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { plan } from '../../lib/pipeline/plan.ts';
import { formatRecord } from '../../lib/pipeline/records.ts';
import type { RegressionReport } from '../../lib/pipeline/regressions/regression.ts';
import { writeRegression } from '../../lib/pipeline/regressions/regression-records.ts';
import { resolve } from '../../lib/pipeline/resolve.ts';
import { addToResultIndex } from '../../lib/pipeline/result-index.ts';
import { runDocumentSchema } from '../../lib/pipeline/run-document.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { countingRequest, runStages, testPorts } from '../pipeline/run-stages.ts';
import { apiWorld } from './api-world.ts';

const experiment = 'test/counting';
const store = new MemoryObjectStore();
const counting = testPorts().experiments;
const all = {
  all: () => [...experiments.all(), ...counting.all()],
  find: (name: string) => (name === experiment ? counting : experiments).find(name),
};
const { get, ports, log } = apiWorld({ store, experiments: all, now: () => Date.parse('2026-01-01T12:00:00Z') });

beforeAll(async () => {
  const ports = { ...testPorts(), store };
  for (const request of [
    countingRequest('20260101-100000-one'),
    countingRequest('20260101-110000-two', { overrides: { trials: 2 } }),
  ]) {
    await store.put(keys.request(request.run as string), formatRecord(request));
    await runStages(request, ports);
  }
  // Another that was started by hand, and has only asked so far.
  const open = countingRequest('20260101-115900-open');
  await store.put(
    keys.request(open.run as string),
    formatRecord({ ...open, experiment: 'learned-optimizers/quadratics' }),
  );
});

describe('GET /v1/experiments', () => {
  test('has every experiment, with the verdict of its last run', async () => {
    const other = 'learned-optimizers/mnist';
    for (const [run, outcome] of [
      ['a', 'does not hold'],
      ['b', 'holds'],
    ] as const) {
      await addToResultIndex(store, {
        run,
        experiment: other,
        preset: 'laptop',
        outcome,
        finishedAt: `2026-11-2${run === 'a' ? 1 : 2}T00:00:00Z`,
      });
    }
    const { status, json } = await get('/v1/experiments');
    expect(status).toBe(200);
    const row = json.experiments.find(({ name }: { name: string }) => name === other);
    expect(row).toMatchObject({ paper: { arxiv: '1606.04474' }, lastVerdict: { run: 'b', outcome: 'holds' } });
    expect(json.experiments.find(({ name }: { name: string }) => name.endsWith('/draw')).lastVerdict).toBeNull();
  });
});

describe('GET /v1/results', () => {
  test('is the index, newest first, of one experiment where it is named, so many at most', async () => {
    const runs = async (query: string) =>
      (await get(`/v1/results${query}`)).json.results.map(({ run }: { run: string }) => run);
    expect(await runs(`?experiment=${experiment}`)).toEqual(['20260101-110000-two', '20260101-100000-one']);
    expect(await runs(`?experiment=${experiment}&limit=1`)).toEqual(['20260101-110000-two']);
    expect(await runs('?experiment=test/none')).toEqual([]);
    expect((await get('/v1/results?limit=0')).status).toBe(400);
    expect((await get('/v1/results?experiment=../x')).status).toBe(400);
  });

  test('of one run is the document as it lies in the store', async () => {
    const { status, json } = await get(`/v1/results/${experiment}/20260101-100000-one`);
    expect(status).toBe(200);
    const stored = (await store.get(keys.result(experiment, '20260101-100000-one')))!;
    expect(json).toEqual(runDocumentSchema.parse(JSON.parse(new TextDecoder().decode(stored.body))));
  });

  test('that another version wrote is said to be that, and its key to the log alone', async () => {
    await store.put(keys.result(experiment, 'strange'), '{"formatVersion": 2}');
    const { status, json, text } = await get(`/v1/results/${experiment}/strange`);
    expect([status, json.title]).toEqual([500, 'Stored data cannot be used']);
    expect(text).not.toContain('results/');
    const line = log.find(({ details }) => details.request === json.instance && details.error === 'InvalidRecord');
    expect(line?.details.reason).toContain(keys.result(experiment, 'strange'));
  });

  test.each([
    [`/v1/results/${experiment}/none`, 404],
    [`/v1/results/${experiment}/..%2f..%2fruns`, 400],
    [`/v1/results/${experiment}/%2e%2e`, 404],
    ['/v1/results/Test/counting/one', 400],
    [`/v1/results/${experiment}/${'a'.repeat(500)}`, 400],
  ])('%s is answered %i', async (path, status) => {
    const answer = await get(path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
  });
});

describe('GET /v1/runs', () => {
  test('lists what has not ended, and gives a run at any moment of its life', async () => {
    const { json } = await get('/v1/runs');
    expect(json.runs).toEqual([
      {
        ...{ run: '20260101-115900-open', experiment: 'learned-optimizers/quadratics', preset: 'smoke' },
        ...{ status: 'running', startedAt: null, updatedAt: null },
      },
    ]);
    const open = await get('/v1/runs/20260101-115900-open');
    expect(open.json).toMatchObject({ document: { status: 'running', measurements: [] }, state: null });
    expect((await get('/v1/runs/20991231-none')).status).toBe(404);
  });

  test('compares two runs of an experiment, and not of two', async () => {
    const { status, json } = await get('/v1/runs/20260101-100000-one/comparison/20260101-110000-two');
    expect(status).toBe(200);
    expect(json).toMatchObject({ experiment, before: { verdict: { outcome: 'holds' } }, changes: [] });
    const third = countingRequest('20260101-113000-three', { overrides: { steps: 12 } });
    await store.put(keys.request(third.run), formatRecord(third));
    await runStages(third, { ...testPorts(), store });
    const changed = await get('/v1/runs/20260101-100000-one/comparison/20260101-113000-three');
    expect(changed.json.changes).toEqual(
      ['count/0', 'count/1', 'count/2'].map((subject) => ({
        ...{ metric: 'count', subject, step: 0, before: 10, now: 12 },
        ...{ spread: 0, exceedsSpread: true },
      })),
    );
    const other = await get('/v1/runs/20260101-100000-one/comparison/20260101-115900-open');
    expect([other.status, other.json.type]).toEqual([409, 'urn:stepwise:problem:not-comparable']);
  });
});

describe('runs that have not ended', () => {
  const asked = (run: string) => store.put(keys.request(run), formatRecord(countingRequest(run)));
  const said = (run: string, status: string, updatedAt: string, engine = 'local') =>
    store.put(keys.runState(run), formatRecord({ formatVersion: 1, run, engine, status, updatedAt }));
  const failed = (run: string) =>
    store.put(
      keys.failure(run, 'run'),
      formatRecord({ where: 'Plan', error: 'E', message: 'm', logTail: '', at: '2026-01-01T11:00:00Z' }),
    );

  test.each([
    ['said something a moment ago', 'running', 'running', '2026-01-01T11:59:45Z', 'local'],
    ['has been silent for longer than it would be alive', 'running', 'dead', '2026-01-01T11:59:00Z', 'local'],
    // There nobody writes while it goes on.
    ['is on AWS, and silent', 'running', 'running', '2026-01-01T09:00:00Z', 'aws'],
    ['was interrupted', 'interrupted', 'interrupted', '2026-01-01T09:00:00Z', 'local'],
    ['says that it failed', 'failed', 'failed', '2026-01-01T09:00:00Z', 'local'],
  ])('one that %s is %s: %s', async (_, status, expected, updatedAt, engine) => {
    const run = '20260101-113000-state';
    await asked(run);
    await said(run, status, updatedAt, engine);
    const { runs } = (await get('/v1/runs')).json;
    expect(runs.find((row: { run: string }) => row.run === run)).toMatchObject({ status: expected, updatedAt });
    expect((await get(`/v1/runs/${run}`)).json.state).toMatchObject({ status, updatedAt });
  });

  test.each([
    ['that trains', '2026-01-01T11:59:59Z', 0.263],
    ['that has died', '2026-01-01T11:40:00Z', 0],
  ])('one %s tells what it has cost so far', async (_, updatedAt, dollars) => {
    // A run of its own: other trials, so that nothing of it is there.
    const run = `20260101-113200-cost-${dollars === 0 ? 'dead' : 'live'}`;
    const request = countingRequest(run, { overrides: { steps: dollars === 0 ? 31 : 32 } });
    await store.put(keys.request(run), formatRecord(request));
    const world = { ...testPorts(), store };
    await plan(await resolve(request, world), world);
    await said(run, 'running', updatedAt);
    const [first] = new TextDecoder().decode((await store.get(keys.trials(run)))!.body).split('\n');
    const attempt = keys.trainingAttempt(run, JSON.parse(first!).digest);
    await store.put(attempt, formatRecord({ startedAt: '2026-01-01T11:30:00Z' }));
    const { cost } = (await get(`/v1/runs/${run}`)).json.document;
    // Half an hour of a machine at $0.526 an hour.
    expect(cost.train).toBeCloseTo(dollars, 9);
    expect(cost.total).toBeGreaterThan(dollars);
  });

  test('one with a record of its failure has failed, whatever it said before', async () => {
    const run = '20260101-113100-failed';
    await asked(run);
    await said(run, 'running', '2026-01-01T11:59:59Z');
    await failed(run);
    const { runs } = (await get('/v1/runs')).json;
    expect(runs.find((row: { run: string }) => row.run === run)).toMatchObject({ status: 'failed' });
    expect((await get(`/v1/runs/${run}`)).json.document).toMatchObject({
      status: 'failed',
      failure: { error: 'E', where: 'Plan' },
    });
  });

  test('one that cannot be read hides no other', async () => {
    await store.put(keys.request('20260101-113200-strange'), '{"of": "another version"}');
    await store.put(keys.runState('20260101-113100-failed'), 'no JSON');
    const { status, json } = await get('/v1/runs');
    const names = json.runs.map(({ run }: { run: string }) => run);
    expect([status, names.includes('20260101-113200-strange')]).toEqual([200, false]);
    expect(names).toContain('20260101-113100-failed');
  });
});

describe('GET /v1/regressions', () => {
  test('is newest first, of one experiment where it is named', async () => {
    const report = (run: string, of: string): RegressionReport => ({
      ...{ formatVersion: 1, experiment: of, preset: 'smoke', run, finishedAt: '2026-11-25T00:00:00Z' },
      previous: { run: 'before', finishedAt: '2026-11-24T00:00:00Z' },
      outcome: 'verdict flipped',
      verdict: { before: 'holds', now: 'does not hold', flipped: true },
      ...{ changes: [], lost: [], gained: [] },
      causes: { code: { modules: [] }, datasets: [], params: [] },
    });
    const [first, second, third] = [
      report('20251231-x', 'test/a'),
      report('20260101-x', 'test/b'),
      report('20260102-x', 'test/a'),
    ];
    for (const one of [third, first, second]) await writeRegression(store, one);
    expect((await get('/v1/regressions')).json.regressions).toEqual([third, second, first]);
    expect((await get('/v1/regressions?experiment=test/a&limit=1')).json.regressions).toEqual([third]);
    await store.put(keys.regression('test/a', '20260103-x'), '{"of": "another version"}');
    expect((await get('/v1/regressions')).json.regressions).toEqual([third, second, first]);
  });
});

describe('GET /reports/{run}/{file}', () => {
  test.each([
    ['figure-1.svg', 'image/svg+xml'],
    ['picture.png', 'image/png'],
    ['report.md', 'text/markdown; charset=utf-8'],
    ['numbers.json', 'application/json'],
  ])('%s is %s, byte for byte, and can do nothing', async (file, type) => {
    const body = Uint8Array.from({ length: 256 }, (_, index) => index);
    await store.put(keys.report('20260101-100000-one', file), body);
    const response = await createApi(ports).request(`/reports/20260101-100000-one/${file}`);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    // A page of one origin, its pictures of another: see the explorer.
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toMatch(/^sandbox allow-scripts;/);
    expect(policy).not.toMatch(/allow-same-origin|connect-src|\*|https?:/);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(body);
  });

  test('is the page in a sandbox, and nothing beside it', async () => {
    const page = await get('/reports/20260101-100000-one/index.html');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/^sandbox allow-scripts; default-src 'none'/);
    expect(page.text).toContain('Counting to n gives n.');
    for (const file of [
      'none.html',
      '..%2f..%2fruns%2fx%2frequest.json',
      '.hidden.html',
      'index.htm',
      'a.js',
      '%00.html',
    ]) {
      expect([400, 404], file).toContain((await get(`/reports/20260101-100000-one/${file}`)).status);
    }
  });
});
