/**
 * Train: one batch of trials in one job. What already has an artifact is skipped, what was killed before goes on from
 * its checkpoint, and a trial that fails does not take the others with it.
 */

import type { DatasetReader } from '../datasets/dataset.ts';
import { openDataset } from '../datasets/pinned-dataset.ts';
import {
  encodeCheckpoint,
  encodeModel,
  hasArtifact,
  type MetricsRow,
  readCheckpoint,
  writeArtifact,
} from './artifacts.ts';
import { findBatch } from './batches.ts';
import type { TrainingContext } from './context.ts';
import { type KeepWithinBudget, withinBudget } from './cost/spending.ts';
import { BackendMismatch, BudgetExceeded, InvalidRecord, TrialsFailed } from './errors.ts';
import type { AnyExperiment } from './experiment.ts';
import { writeFailure } from './failures.ts';
import { keys } from './keys.ts';
import {
  formatRecord,
  type PlannedTrial,
  type ResolvedRun,
  requireRecord,
  resolvedRunSchema,
  type TrainBatch,
  trainBatchSchema,
} from './records.ts';
import { breathe, pinnedVersion, remember } from './run-resources.ts';
import type { BatchInput, StagePorts, TrainOutput } from './stages.ts';
import { recordAttempt } from './training-attempts.ts';

/** Throws BackendMismatch, BudgetExceeded, and TrialsFailed where a trial failed, after the others are done. */
export async function train(input: unknown, ports: StagePorts): Promise<TrainOutput> {
  const { run, batch: number } = input as BatchInput;
  const { store } = ports;
  const batch = await findBatch(store, run, 'train', number, trainBatchSchema);
  const resolved = await requireRecord(store, keys.resolved(run), resolvedRunSchema);
  const experiment = ports.experiments.find(resolved.experiment);
  await checkSameWorld(batch, experiment, ports);

  const counts = { trained: 0, reused: 0, resumed: 0 };
  const failed: string[] = [];
  for (const planned of batch.trials) {
    const item = planned.trial.name;
    ports.progress({ kind: 'item-started', stage: 'train', item });
    try {
      const outcome = (await hasArtifact(store, planned.digest))
        ? 'reused'
        : await withinBudget(ports, resolved, { stage: 'train', name: item, items: 1 }, (keepWithinBudget) =>
            recordAttempt(store, { run, digest: planned.digest, now: ports.now }, () =>
              trainOne(experiment, planned, resolved, batch, keepWithinBudget, ports),
            ),
          );
      if (outcome === 'reused') counts.reused++;
      else counts.trained++;
      if (outcome === 'resumed') counts.resumed++;
      ports.progress({ kind: 'item-finished', stage: 'train', item, outcome });
    } catch (error) {
      // The next trial would be too much as well, and this one has not failed.
      if (error instanceof BudgetExceeded) throw error;
      failed.push(item);
      await writeFailure(ports, run, `trial ${item}`, error);
      ports.progress({ kind: 'item-finished', stage: 'train', item, outcome: 'failed' });
    }
  }
  if (failed.length > 0)
    throw new TrialsFailed(`${failed.length} of ${batch.trials.length} trials failed: ${failed.join(', ')}.`);
  return { batch: number, ...counts };
}

/** A job that computes otherwise than the plan assumed would file its result under an address that is not its own. */
async function checkSameWorld(batch: TrainBatch, experiment: AnyExperiment, ports: StagePorts): Promise<void> {
  if (batch.backend !== ports.backend) throw new BackendMismatch(batch.backend, ports.backend);
  const code = await ports.code.training(experiment);
  if (batch.code !== code) {
    throw new InvalidRecord(
      keys.trainBatches(batch.run),
      `it was planned with the training code ${batch.code}, and this is ${code}; start the run again`,
    );
  }
}

async function trainOne(
  experiment: AnyExperiment,
  { trial, digest }: PlannedTrial,
  resolved: ResolvedRun,
  batch: TrainBatch,
  keepWithinBudget: KeepWithinBudget,
  ports: StagePorts,
): Promise<'done' | 'resumed'> {
  const { store } = ports;
  const startedAt = new Date(ports.now()).toISOString();
  const checkpoint = await readCheckpoint(store, digest);
  const readers = new Map<string, Promise<DatasetReader>>();
  let metrics: readonly MetricsRow[] = [];
  let model: Uint8Array | undefined;
  let lastCheckpointAt = ports.now();

  const context: TrainingContext = {
    backend: ports.backend,
    threads: ports.threads,
    checkpoint,
    checkpointDue: () => ports.now() - lastCheckpointAt >= ports.checkpointIntervalSeconds * 1000,
    async saveCheckpoint(next) {
      await store.put(keys.checkpoint(digest), encodeCheckpoint(next));
      lastCheckpointAt = ports.now();
      // Now that nothing is lost by it, the trial may be stopped.
      await keepWithinBudget();
    },
    dataset: (name) => remember(readers, name, () => openDataset(store, name, pinnedVersion(resolved, name))),
    async writeModel(tensors, metadata) {
      model = encodeModel(tensors, metadata);
    },
    async writeMetrics(rows) {
      metrics = rows;
    },
    progress: (progress) => ports.progress({ kind: 'item-progress', stage: 'train', item: trial.name, progress }),
    startTensorFlow: () => ports.startTensorFlow(),
    breathe,
  };
  await experiment.train(trial, context);
  if (!model)
    throw new Error(
      `Training of '${trial.name}' ended without writing a model: ${experiment.trainingModule} must call writeModel.`,
    );

  const made = {
    digest,
    experiment: experiment.name,
    trial,
    datasets: resolved.datasets.map(({ name, version }) => ({ name, version })),
    backend: batch.backend,
    code: batch.code,
  };
  await writeArtifact(store, made, model, metrics, async () => {
    // Before the manifest: a record without an artifact is harmless, an artifact of this run without its record is not.
    await store.put(
      keys.trainingRecord(batch.run, digest),
      formatRecord({
        trial: trial.name,
        startedAt,
        finishedAt: new Date(ports.now()).toISOString(),
        startedFromStep: checkpoint?.step ?? 0,
        threads: ports.threads,
        hardware: ports.hardware,
      }),
    );
  });
  return checkpoint ? 'resumed' : 'done';
}
