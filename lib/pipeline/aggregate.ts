/**
 * Aggregate: from measurements to a verdict, a report and a place in the index of results. Counts what was trained,
 * what was reused, what is missing, and what it took.
 */
import { readLines } from '../storage/json-lines.ts';
import { describeCost } from './cost/cost.ts';
import { defaultPrices } from './cost/prices.ts';
import { TooManyTrialsFailed } from './errors.ts';
import type { AnyExperiment, Summary } from './experiment.ts';
import { readImages } from './images.ts';
import { keys } from './keys.ts';
import { readMeasurements, storeMeasurement } from './measurements.ts';
import {
  evaluationBatchSchema,
  formatRecord,
  plannedTrialSchema,
  planRecordSchema,
  type ResolvedRun,
  readRecord,
  requireRecord,
  resolvedRunSchema,
} from './records.ts';
import { describeCauses } from './regressions/describe-regression.ts';
import { findPreviousRun } from './regressions/previous-run.ts';
import { type ComparedRun, compareRuns, type RegressionReport } from './regressions/regression.ts';
import { writeRegression } from './regressions/regression-records.ts';
import type { NotificationMode } from './request.ts';
import { addToResultIndex } from './result-index.ts';
import { type RunDocument, runDocumentSchema } from './run-document.ts';
import {
  billedWork,
  type EvaluationWork,
  readEvaluationWork,
  readTrainingWork,
  type TrainingWork,
} from './run-work.ts';
import type { AggregateOutput, FinishedRun, ResolveOutput, StagePorts } from './stages.ts';

/** Throws TooManyTrialsFailed where more is missing than the request tolerates. */
export async function aggregate(input: unknown, ports: StagePorts): Promise<AggregateOutput> {
  const { run } = input as ResolveOutput;
  const { store } = ports;
  const startedAt = ports.now();
  const resolved = await requireRecord(store, keys.resolved(run), resolvedRunSchema);
  const experiment = ports.experiments.find(resolved.experiment);

  const planned = await collect(readLines(store, keys.trials(run), plannedTrialSchema));
  const batches = await collect(readLines(store, keys.evaluationBatches(run), evaluationBatchSchema));
  const numbers = batches.map(({ batch }) => batch);
  const training = await readTrainingWork(store, run, planned);
  const evaluation = await readEvaluationWork(store, run, numbers);
  checkTolerance(resolved, training);

  const measurements = await readMeasurements(store, run, numbers);
  const summary: Summary = experiment.summarize(
    measurements,
    experiment.params.parse(resolved.params),
    await readImages(store, run, numbers),
  );
  const document = await describeRun({ resolved, experiment, summary, training, evaluation, startedAt, ports });
  const complete = runDocumentSchema.parse({ ...document, measurements: measurements.map(storeMeasurement) });
  const code = await ports.code.sources?.(experiment);
  if (code) await store.put(keys.runCode(run), formatRecord(code));
  const compared = await compareWithPrevious({ document: complete, code }, ports);
  return publish({ ...compared, summary, experiment, notify: resolved.notify ?? 'always' }, ports);
}

function checkTolerance(resolved: ResolvedRun, { planned, failed }: TrainingWork): void {
  const share = planned === 0 ? 0 : (100 * failed.length) / planned;
  if (share <= resolved.toleratedFailurePercentage) return;
  throw new TooManyTrialsFailed(
    `${failed.length} of ${planned} trials have no artifact (${failed.slice(0, 5).join(', ')}${failed.length > 5 ? ', …' : ''}): ${share.toFixed(1)} %, tolerated are ${resolved.toleratedFailurePercentage} %.`,
  );
}

type Described = Omit<RunDocument, 'measurements' | 'comparison'>;

async function describeRun(about: {
  readonly resolved: ResolvedRun;
  readonly experiment: AnyExperiment;
  readonly summary: Summary;
  readonly training: TrainingWork;
  readonly evaluation: EvaluationWork;
  readonly startedAt: number;
  readonly ports: StagePorts;
}): Promise<Described> {
  const { resolved, experiment, summary, training, evaluation, startedAt, ports } = about;
  const { run, preset, params } = resolved;
  const planned = await readRecord(ports.store, keys.planRecord(run), planRecordSchema);
  // The report shows it, so that it cannot hold the seconds that drawing the report takes.
  const aggregateSeconds = (ports.now() - startedAt) / 1000;
  const work = billedWork(resolved, planned, training, evaluation, { aggregateSeconds });
  return {
    formatVersion: 1,
    run,
    experiment: experiment.name,
    preset,
    params,
    status: 'succeeded',
    startedAt: resolved.startedAt,
    finishedAt: new Date(ports.now()).toISOString(),
    trials: {
      planned: training.planned,
      trained: training.trained,
      reused: training.reused,
      resumed: training.resumed,
      failed: training.failed.length,
    },
    missing: [
      ...training.failed.map((name) => `trial ${name}`),
      ...evaluation.missing.map((name) => `evaluation ${name}`),
    ],
    verdict: { ...summary.verdict, claim: experiment.claim },
    tables: summary.tables.map(({ title, columns, rows }) => ({
      title,
      columns: columns.map(({ label, digits }) => (digits === undefined ? { label } : { label, digits })),
      rows: rows.map((row) => row.map(tableCell)),
    })),
    remarks: [...(summary.remarks ?? [])],
    datasets: resolved.datasets.map(({ name, version, origin }) => ({ name, version, origin })),
    provenance: {
      code: await ports.code.training(experiment),
      backend: ports.trainingBackend,
      threads: training.threads ?? ports.threads,
      hardware: training.hardware ?? ports.hardware,
    },
    durations: {
      train: training.wallSeconds,
      evaluate: evaluation.wallSeconds,
      aggregate: aggregateSeconds,
      total: (ports.now() - Date.parse(resolved.startedAt)) / 1000,
    },
    cost: {
      ...describeCost(work, resolved.prices ?? defaultPrices),
      estimated: resolved.estimatedCost,
      ...(planned && { estimatedMissing: planned.estimatedCost }),
      ...(resolved.budgetUsDollars !== undefined && { budget: resolved.budgetUsDollars }),
    },
    files: [keys.report(run, 'index.html'), keys.report(run, 'report.md')],
  };
}

/** The document with its comparison in it, and the report for the store where the same question was asked before. */
async function compareWithPrevious(
  now: ComparedRun,
  { store }: StagePorts,
): Promise<{ readonly document: RunDocument; readonly regression?: RegressionReport }> {
  const previous = await findPreviousRun(store, now.document);
  if (!previous) return { document: now.document };
  const regression = compareRuns(previous, now);
  const comparison = {
    run: regression.previous.run,
    outcome: regression.verdict.before,
    changes: regression.changes,
    causes: [...describeCauses(regression.causes)],
  };
  return { document: { ...now.document, comparison }, ...(previous.sameParams && { regression }) };
}

/** Report first, documents next, index last: whatever the index names is there. */
async function publish(
  finished: FinishedRun & { readonly regression?: RegressionReport; readonly notify: NotificationMode },
  { store, ...ports }: StagePorts,
): Promise<AggregateOutput> {
  const { document, summary, experiment, regression, notify } = finished;
  const { run, preset, finishedAt } = document;
  const report = await ports.renderReport({ document, summary, experiment });
  for (const { name, png } of report.pictures) await store.put(keys.report(run, name), png);
  await store.put(keys.report(run, 'index.html'), report.html);
  await store.put(keys.report(run, 'report.md'), report.markdown);
  const pictures = report.pictures.map(({ name }) => keys.report(run, name));
  const stored: RunDocument = { ...document, files: [...document.files, ...pictures] };
  await store.put(keys.result(experiment.name, run), formatRecord(stored));
  if (regression && regression.outcome !== 'unchanged') await writeRegression(store, regression);
  const { outcome } = summary.verdict;
  await addToResultIndex(store, {
    run,
    experiment: experiment.name,
    preset,
    outcome,
    finishedAt: finishedAt ?? document.startedAt,
  });
  return {
    run,
    experiment: experiment.name,
    verdict: outcome,
    reportKey: keys.report(run, 'index.html'),
    notify,
    change: regression?.outcome ?? 'first run',
    trained: document.trials.trained,
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** JSON has neither NaN nor Infinity; a mean over runs of which one diverged is one or the other. */
function tableCell(cell: string | number | undefined): string | number | null {
  if (cell === undefined || Number.isNaN(cell)) return null;
  if (typeof cell === 'string' || Number.isFinite(cell)) return cell;
  return cell > 0 ? '∞' : '−∞';
}
