/** Runs as they lie in the store: their names, the newest, and the document that describes one at any moment. */
import type { z } from 'zod';
import { readLines } from '../storage/json-lines.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { describeCost } from './cost/cost.ts';
import { defaultPrices } from './cost/prices.ts';
import { UnknownRun } from './errors.ts';
import type { AnyExperiment, Provenance } from './experiment.ts';
import { failureKey } from './failures.ts';
import { keys } from './keys.ts';
import {
  evaluationBatchSchema,
  failureRecordSchema,
  formatRecord,
  plannedTrialSchema,
  planRecordSchema,
  type ResolvedRun,
  readRecord,
  resolvedRunSchema,
} from './records.ts';
import { type RunRequest, runRequestSchema } from './request.ts';
import { type RunDocument, runDocumentSchema } from './run-document.ts';
import { billedWork, readEvaluationWork, readTrainingWork } from './run-work.ts';

export async function writeRequest(store: ObjectStore, request: RunRequest): Promise<void> {
  await store.put(keys.request(request.run), formatRecord(request));
}

/** Throws UnknownRun. */
export async function readRequest(store: ObjectStore, run: string): Promise<RunRequest> {
  const request = await readRecord(store, keys.request(run), runRequestSchema);
  if (!request) throw new UnknownRun(run, store.location);
  return request;
}

/** Names of all runs, oldest first. Lists every object of every run: for a store of years, see `listRecentRuns`. */
export function listRuns(store: ObjectStore): Promise<readonly string[]> {
  return listRunsNamed(store, '');
}

/** Names of the runs of so many days before `now`, its own among them, oldest first; found by the day in their names. */
export async function listRecentRuns(store: ObjectStore, days: number, now: Date): Promise<readonly string[]> {
  const dates = Array.from({ length: days }, (_, ago) => new Date(now.getTime() - ago * 86_400_000));
  const named = dates.map((date) => listRunsNamed(store, date.toISOString().slice(0, 10).replaceAll('-', '')));
  return (await Promise.all(named)).flat().sort();
}

async function listRunsNamed(store: ObjectStore, beginning: string): Promise<readonly string[]> {
  const runs = new Set<string>();
  for await (const { key } of store.list(`runs/${beginning}`)) {
    if (key.endsWith('/request.json')) runs.add(key.split('/')[1]!);
  }
  return [...runs].sort();
}

/** A run by name, or the newest where it says `latest`. Throws UnknownRun. */
export async function findRun(store: ObjectStore, nameOrLatest: string): Promise<string> {
  if (nameOrLatest !== 'latest') return nameOrLatest;
  // Tomorrow's, too: clocks differ.
  const recent = await listRecentRuns(store, 3, new Date(Date.now() + 86_400_000));
  const latest = recent.at(-1) ?? (await listRuns(store)).at(-1);
  if (!latest) throw new UnknownRun('latest', store.location);
  return latest;
}

/**
 * The document of a run: as Aggregate left it, or, for one that failed or has not ended, put together from what is
 * there. Throws UnknownRun.
 *
 * @param now milliseconds, where the run goes on: its cost then includes what is under way
 */
export async function readRunDocument(
  store: ObjectStore,
  run: string,
  find: (experiment: string) => AnyExperiment,
  provenance: Provenance,
  now?: number,
): Promise<RunDocument> {
  const request = await readRequest(store, run);
  const finished = await readRecord(store, keys.result(request.experiment, run), runDocumentSchema);
  if (finished) return finished;
  const resolved = await readRecord(store, keys.resolved(run), resolvedRunSchema);
  const failure =
    // A map's end names the tolerance; what was behind it says more.
    (await readRecord(store, keys.failure(run, 'budget'), failureRecordSchema)) ??
    (await readRecord(store, keys.failure(run, 'run'), failureRecordSchema));
  const { trials, cost } = await readWorkSoFar(store, run, resolved, failure ? undefined : now);
  return {
    formatVersion: 1,
    run,
    experiment: request.experiment,
    preset: request.preset,
    params: resolved?.params ?? { ...find(request.experiment).presets[request.preset], ...request.overrides },
    status: failure ? 'failed' : 'running',
    startedAt: resolved?.startedAt ?? failure?.at ?? '',
    trials,
    missing: [],
    tables: [],
    remarks: [],
    datasets: (resolved?.datasets ?? []).map(({ name, version, origin }) => ({ name, version, origin })),
    measurements: [],
    provenance,
    durations: {},
    cost,
    ...(failure && {
      failure: { error: failure.error, message: failure.message, where: failure.where, logTail: failure.logTail },
    }),
    files: [],
  };
}

/** What the records say so far, of trials and of money. */
async function readWorkSoFar(
  store: ObjectStore,
  run: string,
  resolved: ResolvedRun | undefined,
  now: number | undefined,
): Promise<Pick<RunDocument, 'trials' | 'cost'>> {
  const none = { planned: 0, trained: 0, reused: 0, resumed: 0, failed: 0 };
  if (!resolved) return { trials: none, cost: {} };
  const planned = await readRecord(store, keys.planRecord(run), planRecordSchema);
  const training = await readIfPlanned(store, keys.trials(run), plannedTrialSchema, (trials) =>
    readTrainingWork(store, run, trials, now),
  );
  const evaluation = await readIfPlanned(store, keys.evaluationBatches(run), evaluationBatchSchema, (batches) =>
    readEvaluationWork(
      store,
      run,
      batches.map(({ batch }) => batch),
    ),
  );
  const cost = describeCost(
    billedWork(resolved, planned, training, evaluation, undefined),
    resolved.prices ?? defaultPrices,
  );
  return {
    trials: training
      ? {
          planned: training.planned,
          trained: training.trained,
          reused: training.reused,
          resumed: training.resumed,
          failed: await countFailures(store, run, training.failed),
        }
      : none,
    cost: {
      ...cost,
      estimated: resolved.estimatedCost,
      ...(planned && { estimatedMissing: planned.estimatedCost }),
      ...(resolved.budgetUsDollars !== undefined && { budget: resolved.budgetUsDollars }),
    },
  };
}

/** Of trials without an artifact, those that failed: the others have not begun, or have not ended. */
async function countFailures(store: ObjectStore, run: string, trials: readonly string[]): Promise<number> {
  const recorded = new Set<string>();
  for await (const { key } of store.list(keys.failuresPrefix(run))) recorded.add(key);
  return trials.filter((trial) => recorded.has(failureKey(run, `trial ${trial}`))).length;
}

async function readIfPlanned<T, Work>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
  read: (lines: readonly T[]) => Promise<Work>,
): Promise<Work | undefined> {
  if (!(await store.head(key))) return undefined;
  const lines: T[] = [];
  for await (const line of readLines(store, key, schema)) lines.push(line);
  return read(lines);
}
