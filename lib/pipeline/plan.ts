/**
 * Plan: which trials have no artifact yet, in batches for the Train map; which evaluations there are, in batches for the
 * Evaluate map. A batch is one JSON line, because a map's item must be small and a GPU machine is not.
 */
import { writeLines } from '../storage/json-lines.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { digestArtifact, digestEvaluation } from './digest.ts';
import type { AnyExperiment, BaseEvaluation, BaseTrial } from './experiment.ts';
import { keys } from './keys.ts';
import {
  type EvaluationBatch,
  type PlannedTrial,
  type ResolvedRun,
  requireRecord,
  resolvedRunSchema,
  type TrainBatch,
} from './records.ts';
import type { PlanOutput, ResolveOutput, StagePorts } from './stages.ts';

/** A Distributed Map's item costs a state transition or two, a Lambda its start: small evaluations travel together. */
const evaluationsABatch = 8;
/** As many as a GPU machine of the job's size has; a trial that says nothing is given all of them. */
const allCpus = 64;
const concurrentLookUps = 32;

/** Takes Resolve's output. */
export async function plan(input: unknown, ports: StagePorts): Promise<PlanOutput> {
  const { run, experiment: name, toleratedFailurePercentage } = input as ResolveOutput;
  const { store } = ports;
  const resolved = await requireRecord(store, keys.resolved(run), resolvedRunSchema);
  const experiment = ports.experiments.find(name);
  const trials: readonly BaseTrial[] = experiment.plan(resolved.params);
  const code = await ports.code.training(experiment);
  const planned = trials.map((trial) => planTrial(trial, resolved, code, ports));
  const missing = await withoutArtifact(store, planned);

  const trainBatches = groupTrials(missing).map(
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
  await writeLines(store, keys.trials(run), planned);
  await writeLines(store, keys.trainBatches(run), trainBatches);
  await writeLines(store, keys.evaluationBatches(run), evaluationBatches);
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

/** Trials of one group together, in the place of the group's first; every other trial alone. */
function groupTrials(trials: readonly PlannedTrial[]): readonly PlannedTrial[][] {
  const batches = new Map<string, PlannedTrial[]>();
  for (const planned of trials) {
    const key = planned.trial.group === undefined ? `trial ${planned.trial.name}` : `group ${planned.trial.group}`;
    const batch = batches.get(key);
    if (batch) batch.push(planned);
    else batches.set(key, [planned]);
  }
  return [...batches.values()];
}

async function withoutArtifact(store: ObjectStore, planned: readonly PlannedTrial[]): Promise<readonly PlannedTrial[]> {
  const missing: PlannedTrial[] = [];
  for (let start = 0; start < planned.length; start += concurrentLookUps) {
    const some = planned.slice(start, start + concurrentLookUps);
    const heads = await Promise.all(some.map(({ digest }) => store.head(keys.artifactManifest(digest))));
    missing.push(...some.filter((_, index) => heads[index] === undefined));
  }
  return missing;
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
