/** A store as people have it: a real smoke run, the same again, one whose verdict was lost, one under way, one that failed. */
import { keys } from '../../lib/pipeline/keys.ts';
import { formatRecord } from '../../lib/pipeline/records.ts';
import { compareRuns } from '../../lib/pipeline/regressions/regression.ts';
import { writeRegression } from '../../lib/pipeline/regressions/regression-records.ts';
import { addToResultIndex, readResultIndex } from '../../lib/pipeline/result-index.ts';
import { type RunDocument, runDocumentSchema } from '../../lib/pipeline/run-document.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { runCommand } from '../cli/run-command.ts';

export const sampleExperiment = 'learned-optimizers/quadratics';
export const changedModule = 'lib/learned-optimizers/coordinatewise-lstm.ts';
export const liveRun = '20261125-120000-000-quadratics-laptop-1111';
export const failedRun = '20261125-110000-000-quadratics-laptop-2222';

/** `runs`: names of finished runs, oldest first; the last one's verdict differs from the ones before. */
export async function makeSampleStore(
  folder: string,
): Promise<{ readonly store: ObjectStore; readonly runs: readonly string[] }> {
  const ran = await runCommand(['run', sampleExperiment, '--preset', 'smoke', '--store', folder]);
  if (ran.code !== 0) throw new Error(`The smoke run ended with ${ran.code}: ${ran.stderr}`);
  const store = await openStore(folder);
  const { run, outcome } = (await readResultIndex(store))[0]!;
  const document = runDocumentSchema.parse(await readJson(store, keys.result(sampleExperiment, run)));
  const later = await addVariant(store, document, '20991124-000000-000-quadratics-smoke-aaaa', outcome, 1.1);
  const lost = outcome === 'holds' ? 'does not hold' : 'holds';
  const flipped = await addVariant(store, document, '20991125-000000-000-quadratics-smoke-bbbb', lost, 0.5);
  await addRegression(store, later, flipped);
  await addOpenRun(store, liveRun);
  await store.put(
    keys.runState(liveRun),
    formatRecord({
      formatVersion: 1,
      run: liveRun,
      engine: 'local',
      status: 'running',
      updatedAt: new Date().toISOString(),
      progress: {
        stages: [
          { stage: 'resolve', state: 'done', done: 1, reused: 0, resumed: 0, failed: 0, seconds: 0.1 },
          { stage: 'train', state: 'running', items: 8, done: 3, reused: 1, resumed: 0, failed: 0 },
          { stage: 'evaluate', state: 'waiting', done: 0, reused: 0, resumed: 0, failed: 0 },
        ],
        curve: { item: 'lstm/seed-0', metric: 'meta-loss', values: [3, 2, 1.5] },
        secondsLeft: 95,
      },
    }),
  );
  await addOpenRun(store, failedRun);
  await store.put(
    keys.failure(failedRun, 'run'),
    formatRecord({
      where: 'train',
      error: 'DatasetMissing',
      message: 'There is no dataset <mnist>.',
      logTail: 'line 1\nline 2',
      at: '2026-11-25T11:00:05.000Z',
    }),
  );
  return { store, runs: [run, later, flipped] };
}

/** Entries only, as an index of years has them. */
export async function fillIndex(store: ObjectStore, experiments: readonly string[], count: number): Promise<void> {
  const outcomes = ['holds', 'does not hold', 'inconclusive'] as const;
  const runs = Array.from({ length: count }, (_, index) => ({
    run: `20260101-000000-000-run-smoke-${index.toString(16).padStart(4, '0')}`,
    experiment: experiments[index % experiments.length]!,
    preset: 'smoke',
    outcome: outcomes[index % outcomes.length]!,
    finishedAt: new Date(Date.UTC(2026, 0, 1) + index * 3_600_000).toISOString(),
  }));
  await store.put(keys.resultIndex(), formatRecord({ formatVersion: 1, runs }));
}

async function addVariant(store: ObjectStore, document: RunDocument, run: string, outcome: string, factor: number) {
  const finishedAt = `${run.slice(0, 4)}-${run.slice(4, 6)}-${run.slice(6, 8)}T00:00:10.000Z`;
  const variant = runDocumentSchema.parse({
    ...document,
    run,
    finishedAt,
    verdict: { ...document.verdict, outcome },
    measurements: document.measurements.map((row) => ({
      ...row,
      value: row.value === null ? null : row.value * factor,
    })),
  });
  await store.put(keys.result(document.experiment, run), formatRecord(variant));
  const request = (await readJson(store, keys.request(document.run))) as object;
  await store.put(keys.request(run), formatRecord({ ...request, run }));
  const { experiment, preset, verdict } = variant;
  await addToResultIndex(store, { run, experiment, preset, outcome: verdict!.outcome, finishedAt });
  return run;
}

/** As Aggregate would have written it, had a module been changed between the two. */
async function addRegression(store: ObjectStore, before: string, now: string): Promise<void> {
  const [earlier, later] = await Promise.all(
    [before, now].map(async (run, index) => {
      const document = runDocumentSchema.parse(await readJson(store, keys.result(sampleExperiment, run)));
      const modules = { [changedModule]: String(index) };
      const sources = { digest: String(index), modules, packages: {} };
      return { document, code: { formatVersion: 1, training: sources, evaluation: sources } as const };
    }),
  );
  await writeRegression(store, compareRuns(earlier!, later!));
}

async function addOpenRun(store: ObjectStore, run: string): Promise<void> {
  await store.put(keys.request(run), formatRecord({ run, experiment: sampleExperiment, preset: 'laptop' }));
}

async function readJson(store: ObjectStore, key: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode((await store.get(key))!.body));
}
