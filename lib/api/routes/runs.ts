/** `GET /v1/runs`, one run and a comparison: runs at any moment of their life. */
import { createRoute, z } from '@hono/zod-openapi';
import { presetNames, verdictOutcomes } from '../../pipeline/experiment.ts';
import { keys } from '../../pipeline/keys.ts';
import { loadMeasurement } from '../../pipeline/measurements.ts';
import { failureRecordSchema, readRecord, resolvedRunSchema } from '../../pipeline/records.ts';
import { compareMeasurements } from '../../pipeline/regressions/comparison.ts';
import { runRequestSchema } from '../../pipeline/request.ts';
import { newestResults } from '../../pipeline/result-index.ts';
import type { RunDocument } from '../../pipeline/run-document.ts';
import { listRecentRuns, readRunDocument } from '../../pipeline/run-records.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { NotComparable } from '../errors.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { problems } from '../problem.ts';
import { runName } from './names.ts';
import { readRunState, runState } from './run-state.ts';
import { runDocument } from './stored-record.ts';

/** An execution ends after a week, whatever it does; see infra/pipeline.ts. */
const longestRunDays = 8;
/** Runs without a result that are listed: each costs four reads. */
const mostRuns = 50;

const runStatus = z.enum(['running', 'failed', 'interrupted', 'dead']);

export const runsSchema = z
  .strictObject({
    runs: z.array(
      z.strictObject({
        run: z.string(),
        experiment: z.string(),
        preset: z.enum(presetNames),
        status: runStatus.openapi({ description: 'dead: no sign of life since updatedAt' }),
        startedAt: z.string().nullable(),
        updatedAt: z.string().nullable(),
      }),
    ),
  })
  .openapi('Runs');

const end = z.strictObject({
  run: z.string(),
  preset: z.enum(presetNames),
  status: z.enum(['running', 'succeeded', 'failed']),
  verdict: z.strictObject({ outcome: z.enum(verdictOutcomes), claim: z.string(), reason: z.string() }).nullable(),
});

export const comparisonSchema = z
  .strictObject({
    experiment: z.string(),
    before: end,
    now: end,
    changes: z.array(
      z.strictObject({
        metric: z.string(),
        subject: z.string(),
        step: z.number(),
        before: z.number(),
        now: z.number(),
        spread: z.number().nullable().openapi({ description: 'Standard error of the difference of the means' }),
        exceedsSpread: z.boolean().nullable(),
      }),
    ),
  })
  .openapi('Comparison');

const listRoute = createRoute({
  method: 'get',
  path: '/v1/runs',
  operationId: 'listRuns',
  summary: `Runs of the last week that have not ended, or failed; newest first, ${mostRuns} at most`,
  tags: ['results'],
  responses: {
    200: { description: 'Newest first', content: { 'application/json': { schema: runsSchema } } },
    ...problems(),
  },
});

const oneRoute = createRoute({
  method: 'get',
  path: '/v1/runs/{run}',
  operationId: 'readRun',
  summary: 'A run as it is now: its document, and how far it has come',
  tags: ['results'],
  request: { params: z.object({ run: runName }) },
  responses: {
    200: {
      description: 'state is null where the run has left none',
      content: {
        'application/json': {
          schema: z.strictObject({ document: runDocument, state: runState.nullable() }).openapi('Run'),
        },
      },
    },
    ...problems(404),
  },
});

const comparisonRoute = createRoute({
  method: 'get',
  path: '/v1/runs/{run}/comparison/{other}',
  operationId: 'compareRuns',
  summary: 'What changed from run to other, in means over seeds, largest relative change first',
  tags: ['results'],
  request: { params: z.object({ run: runName, other: runName }) },
  responses: {
    200: {
      description: 'What `stepwise compare RUN OTHER --json` says',
      content: { 'application/json': { schema: comparisonSchema } },
    },
    ...problems(404, 409),
  },
});

export function registerRuns(app: ApiApp, ports: ApiPorts): void {
  const { store, backend, threads, hardware } = ports;
  const provenance = { code: '', backend, threads, hardware };
  const read = async (run: string, now?: number): Promise<RunDocument> => {
    const experiments = await ports.loadExperiments();
    return readRunDocument(store, run, (name) => experiments.find(name), provenance, now);
  };

  app.openapi(listRoute, async (context) => {
    const recent = await listRecentRuns(store, longestRunDays, new Date(ports.now()));
    const open = await withoutFinished(store, recent);
    const rows = await Promise.all(
      open
        .slice(-mostRuns)
        .reverse()
        .map((run) => describeOpenRun(ports, run)),
    );
    return context.json({ runs: rows.filter((row) => row !== undefined) }, 200);
  });

  app.openapi(oneRoute, async (context) => {
    const { run } = context.req.valid('param');
    const state = await readRunState(store, run);
    const now = ports.now();
    const document = await read(run, judge(false, state, now) === 'running' ? now : undefined);
    return context.json({ document, state: state ?? null }, 200);
  });

  app.openapi(comparisonRoute, async (context) => {
    const { run, other } = context.req.valid('param');
    const [before, now] = await Promise.all([read(run), read(other)]);
    if (before.experiment !== now.experiment) {
      throw new NotComparable(
        `Only runs of one experiment can be compared, and ${run} is of ${before.experiment}, ${other} of ${now.experiment}.`,
      );
    }
    const changes = compareMeasurements(before.measurements, now.measurements.map(loadMeasurement));
    return context.json(
      { experiment: now.experiment, before: describeEnd(before), now: describeEnd(now), changes: [...changes] },
      200,
    );
  });
}

/** Those that are not in the index of results. */
async function withoutFinished(store: ObjectStore, runs: readonly string[]): Promise<readonly string[]> {
  const open = new Set(runs);
  const first = runs[0];
  if (first === undefined) return [];
  const began = `${first.slice(0, 4)}-${first.slice(4, 6)}-${first.slice(6, 8)}`;
  for await (const { run, finishedAt } of newestResults(store)) {
    // What finished before the first of them began is none of them.
    if (finishedAt < began) break;
    open.delete(run);
  }
  return [...open];
}

/** Undefined where the request cannot be read by this version: one strange run must not hide the others. */
async function describeOpenRun({ store, now }: ApiPorts, run: string) {
  const [request, resolved, failure, state] = await Promise.all([
    readRecord(store, keys.request(run), runRequestSchema).catch(() => undefined),
    readRecord(store, keys.resolved(run), resolvedRunSchema).catch(() => undefined),
    readRecord(store, keys.failure(run, 'run'), failureRecordSchema).catch(() => undefined),
    readRunState(store, run),
  ]);
  if (!request) return undefined;
  return {
    run,
    experiment: request.experiment,
    preset: request.preset,
    status: judge(failure !== undefined, state, now()),
    startedAt: resolved?.startedAt ?? null,
    updatedAt: state?.updatedAt ?? failure?.at ?? null,
  };
}

/** A local run writes its state every few seconds; see `stepwise status`. */
const silenceMilliseconds = 30_000;

function judge(failed: boolean, state: z.infer<typeof runState> | undefined, now: number): z.infer<typeof runStatus> {
  if (failed || state?.status === 'failed') return 'failed';
  if (state?.status === 'interrupted') return 'interrupted';
  const silent = state?.engine === 'local' && now - Date.parse(state.updatedAt) > silenceMilliseconds;
  return silent && state.status === 'running' ? 'dead' : 'running';
}

function describeEnd({ run, preset, status, verdict }: RunDocument): z.infer<typeof end> {
  return { run, preset, status, verdict: verdict ?? null };
}
