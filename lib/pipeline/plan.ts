/**
 * Plan: which trials have no artifact yet, in batches for the Train map; which evaluations there are, in batches for the
 * Evaluate map. A batch is one JSON line, because a map's item must be small and a GPU machine is not.
 */

import { writeLines } from '../storage/json-lines.ts';
import { mapConcurrently } from '../storage/map-concurrently.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { writeBatches } from './batches.ts';
import { costOf, expectedWork } from './cost/cost.ts';
import { defaultPrices } from './cost/prices.ts';
import { beginSpending } from './cost/spending.ts';
import { digestArtifact, digestEvaluation } from './digest.ts';
import type { AnyExperiment, BaseEvaluation, BaseTrial } from './experiment.ts';
import { keys } from './keys.ts';
import { evaluationsABatch, groupTrials } from './plan-batches.ts';
import {
  type EvaluationBatch,
  formatRecord,
  type PlannedTrial,
  type PlanRecord,
  type ResolvedRun,
  requireRecord,
  resolvedRunSchema,
  type TrainBatch,
} from './records.ts';
import type { PlanOutput, ResolveOutput, StagePorts } from './stages.ts';

/** As many as a GPU machine of the job's size has; a trial that says nothing is given all of them. */
const allCpus = 64;

/** Takes Resolve's output. Throws BudgetExceeded where the missing work will cost more than the run may. */
export async function plan(input: unknown, ports: StagePorts): Promise<PlanOutput> {
  const { run, experiment: name, toleratedFailurePercentage } = input as ResolveOutput;
  const { store } = ports;
  const began = ports.now();
  const resolved = await requireRecord(store, keys.resolved(run), resolvedRunSchema);
  const experiment = ports.experiments.find(name);
  const trials: readonly BaseTrial[] = experiment.plan(resolved.params);
  const code = await ports.code.training(experiment);
  const planned = trials.map((trial) => planTrial(trial, resolved, code, ports));
  const missing = await withoutArtifact(store, planned);

  const trainBatches = groupTrials(missing, ({ trial }) => trial).map(
    (trials, index): TrainBatch => ({
      run,
      batch: index + 1,
      cpus: Math.max(...trials.map(({ trial }) => trial.cpus ?? allCpus)),
      backend: ports.trainingBackend,
      code,
      trials,
    }),
  );
  const evaluationBatches = await planEvaluations(experiment, resolved, planned, ports);
  const record = await reckon(experiment, resolved, {
    planned,
    missing,
    trainBatches: trainBatches.length,
    evaluationBatches,
    began,
    ports,
  });
  await store.put(keys.planRecord(run), formatRecord(record));
  await beginSpending(store, resolved, record);
  await writeLines(store, keys.trials(run), planned);
  await writeBatches(store, run, 'train', trainBatches);
  await writeBatches(store, run, 'evaluate', evaluationBatches);
  ports.log('planned', { trials: trials.length, missing: missing.length, evaluationBatches: evaluationBatches.length });
  return {
    run,
    experiment: name,
    toleratedFailurePercentage,
    trainKey: keys.trainBatches(run),
    trainBatches: trainBatches.length,
    evaluationKey: keys.evaluationBatches(run),
    evaluationBatches: evaluationBatches.length,
  };
}

function planTrial(trial: BaseTrial, resolved: ResolvedRun, code: string, ports: StagePorts): PlannedTrial {
  const { experiment, datasets } = resolved;
  const digest = digestArtifact({ experiment, trial, datasets, backend: ports.trainingBackend, code });
  return { trial: { ...trial }, digest };
}

async function withoutArtifact(store: ObjectStore, planned: readonly PlannedTrial[]): Promise<readonly PlannedTrial[]> {
  return withoutObject(store, planned, ({ digest }) => keys.artifactManifest(digest));
}

async function withoutObject<T>(
  store: ObjectStore,
  items: readonly T[],
  keyOf: (item: T) => string,
): Promise<readonly T[]> {
  const missing: T[] = [];
  const found = mapConcurrently(items, async (item) => ({ item, head: await store.head(keyOf(item)) }));
  for await (const { item, head } of found) if (head === undefined) missing.push(item);
  return missing;
}

/** What the work that is missing will take: an experiment knows its whole, and of that a share is missing. */
async function reckon(
  experiment: AnyExperiment,
  resolved: ResolvedRun,
  about: {
    readonly planned: readonly PlannedTrial[];
    readonly missing: readonly PlannedTrial[];
    readonly trainBatches: number;
    readonly evaluationBatches: readonly EvaluationBatch[];
    readonly began: number;
    readonly ports: StagePorts;
  },
): Promise<PlanRecord> {
  const { planned, missing, trainBatches, evaluationBatches, began, ports } = about;
  const evaluations = evaluationBatches.flatMap((batch) => batch.evaluations);
  const unmeasured = await withoutObject(ports.store, evaluations, ({ digest }) => keys.cachedMeasurements(digest));
  const whole = experiment.work(experiment.params.parse(resolved.params));
  const trainSecondsEach = whole.trainingCoreSeconds / Math.max(1, planned.length);
  const evaluateSecondsEach = whole.evaluationCoreSeconds / Math.max(1, evaluations.length);
  const work = expectedWork(
    {
      trainingCoreSeconds: trainSecondsEach * missing.length,
      evaluationCoreSeconds: evaluateSecondsEach * unmeasured.length,
    },
    {
      trials: missing.length,
      trainBatches,
      evaluations: unmeasured.length,
      evaluationBatches: evaluationBatches.length,
    },
  );
  const { total, train, evaluate } = costOf(work, resolved.prices ?? defaultPrices);
  return {
    formatVersion: 1,
    seconds: (ports.now() - began) / 1000,
    missingTrials: missing.length,
    missingEvaluations: unmeasured.length,
    estimatedCost: total,
    estimatedOverhead: total - train - evaluate,
    trainSecondsEach,
    evaluateSecondsEach,
  };
}

async function planEvaluations(
  experiment: AnyExperiment,
  resolved: ResolvedRun,
  planned: readonly PlannedTrial[],
  ports: StagePorts,
): Promise<readonly EvaluationBatch[]> {
  const digests = new Map(planned.map(({ trial, digest }) => [trial.name, digest]));
  const evaluations: readonly BaseEvaluation[] = experiment.evaluations(
    resolved.params,
    planned.map(({ trial }) => trial),
  );
  const code = await ports.code.evaluation(experiment);
  const items = evaluations.map((evaluation) => {
    const artifacts = Object.fromEntries(
      evaluation.trials.map((trial) => [trial, requireDigest(digests, evaluation, trial)]),
    );
    const { datasets } = resolved;
    const digest = digestEvaluation({
      experiment: experiment.name,
      evaluation,
      artifacts,
      datasets,
      backend: ports.backend,
      code,
    });
    return { evaluation: { ...evaluation }, digest, artifacts };
  });
  const batches: EvaluationBatch[] = [];
  for (let start = 0; start < items.length; start += evaluationsABatch) {
    batches.push({
      run: resolved.run,
      batch: batches.length + 1,
      evaluations: items.slice(start, start + evaluationsABatch),
    });
  }
  return batches;
}

function requireDigest(digests: ReadonlyMap<string, string>, evaluation: BaseEvaluation, trial: string): string {
  const digest = digests.get(trial);
  if (!digest)
    throw new Error(`Evaluation '${evaluation.name}' names the trial '${trial}', which the plan does not have.`);
  return digest;
}
