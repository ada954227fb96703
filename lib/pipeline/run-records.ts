/** Runs as they lie in the store: their names, the newest, and the document that describes one at any moment. */
import { readLines } from '../storage/json-lines.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { UnknownRun } from './errors.ts';
import type { AnyExperiment, Provenance } from './experiment.ts';
import { keys } from './keys.ts';
import {
  failureRecordSchema,
  formatRecord,
  plannedTrialSchema,
  type ResolvedRun,
  readRecord,
  resolvedRunSchema,
} from './records.ts';
import { type RunRequest, runRequestSchema } from './request.ts';
import { type RunDocument, runDocumentSchema } from './run-document.ts';
import { readTrainingWork } from './run-work.ts';

/** `20261124-080612-317-mnist-laptop-4f1a`: sorts by time, reads by itself, unique by its random end. */
export function newRunName(experiment: string, preset: string, at: Date, random: string): string {
  const time = at.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').replace('.', '-').replace('Z', '');
  const short = experiment.split('/').at(-1)!.slice(0, 40);
  return `${time}-${short}-${preset}-${random}`;
}

export async function writeRequest(store: ObjectStore, request: RunRequest): Promise<void> {
  await store.put(keys.request(request.run), formatRecord(request));
}

/** Throws UnknownRun. */
export async function readRequest(store: ObjectStore, run: string): Promise<RunRequest> {
  const request = await readRecord(store, keys.request(run), runRequestSchema);
  if (!request) throw new UnknownRun(run, store.location);
  return request;
}

/** Names of all runs, oldest first. */
export async function listRuns(store: ObjectStore): Promise<readonly string[]> {
  const runs = new Set<string>();
  for await (const { key } of store.list('runs/')) if (key.endsWith('/request.json')) runs.add(key.split('/')[1]!);
  return [...runs].sort();
}

/** A run by name, or the newest where it says `latest`. Throws UnknownRun. */
export async function findRun(store: ObjectStore, nameOrLatest: string): Promise<string> {
  if (nameOrLatest !== 'latest') return nameOrLatest;
  const latest = (await listRuns(store)).at(-1);
  if (!latest) throw new UnknownRun('latest', store.location);
  return latest;
}

/**
 * The document of a run: as Aggregate left it, or, for one that failed or has not ended, put together from what is
 * there. Throws UnknownRun.
 */
export async function readRunDocument(
  store: ObjectStore,
  run: string,
  find: (experiment: string) => AnyExperiment,
  provenance: Provenance,
): Promise<RunDocument> {
  const request = await readRequest(store, run);
  const finished = await readRecord(store, keys.result(request.experiment, run), runDocumentSchema);
  if (finished) return finished;
  const resolved = await readRecord(store, keys.resolved(run), resolvedRunSchema);
  const failure = await readRecord(store, keys.failure(run, 'run'), failureRecordSchema);
  return {
    formatVersion: 1,
    run,
    experiment: request.experiment,
    preset: request.preset,
    params: resolved?.params ?? { ...find(request.experiment).presets[request.preset], ...request.overrides },
    status: failure ? 'failed' : 'running',
    startedAt: resolved?.startedAt ?? failure?.at ?? '',
    trials: await countTrials(store, run, resolved),
    missing: [],
    tables: [],
    remarks: [],
    datasets: (resolved?.datasets ?? []).map(({ name, version, origin }) => ({ name, version, origin })),
    measurements: [],
    provenance,
    durations: {},
    cost: resolved ? { estimated: resolved.estimatedCost } : {},
    ...(failure && {
      failure: { error: failure.error, message: failure.message, where: failure.where, logTail: failure.logTail },
    }),
    files: [],
  };
}

async function countTrials(store: ObjectStore, run: string, resolved: ResolvedRun | undefined) {
  const nothing = { planned: 0, trained: 0, reused: 0, resumed: 0, failed: 0 };
  if (!resolved || !(await store.head(keys.trials(run)))) return nothing;
  const planned = [];
  for await (const trial of readLines(store, keys.trials(run), plannedTrialSchema)) planned.push(trial);
  const { trained, reused, resumed, failed } = await readTrainingWork(store, run, planned);
  return { planned: planned.length, trained, reused, resumed, failed: failed.length };
}
