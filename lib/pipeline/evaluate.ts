/** Evaluate: measures one batch of evaluations. What was measured before, of the same model by the same code, is read instead. */

import type { DatasetReader } from '../datasets/dataset.ts';
import { keepFiles } from '../datasets/kept-files.ts';
import { openDataset } from '../datasets/pinned-dataset.ts';
import { hasArtifact, readArtifact } from './artifacts.ts';
import { findBatch } from './batches.ts';
import type { EvaluationContext, TrainedModel } from './context.ts';
import { withinBudget } from './cost/spending.ts';
import type { EvaluationImage } from './evaluation-image.ts';
import type { AnyExperiment } from './experiment.ts';
import { formatImages } from './images.ts';
import { keys } from './keys.ts';
import { formatMeasurements } from './measurements.ts';
import {
  type EvaluationBatch,
  evaluationBatchSchema,
  formatRecord,
  type ResolvedRun,
  requireRecord,
  resolvedRunSchema,
} from './records.ts';
import { breathe, pinnedVersion, remember } from './run-resources.ts';
import type { BatchInput, EvaluateOutput, StagePorts } from './stages.ts';

/** A batch keeps so much of a dataset's files: all of MNIST or CIFAR-10, a fraction of a Lambda's memory. */
const mostKeptBytes = 256 * 1024 * 1024;

type Item = EvaluationBatch['evaluations'][number];

/** Throws BudgetExceeded before anything is measured. */
export async function evaluate(input: unknown, ports: StagePorts): Promise<EvaluateOutput> {
  const { run, batch: number } = input as BatchInput;
  const { store } = ports;
  const startedAt = new Date(ports.now()).toISOString();
  const resolved = await requireRecord(store, keys.resolved(run), resolvedRunSchema);
  const batch = await findBatch(store, run, 'evaluate', number, evaluationBatchSchema);
  const about = { stage: 'evaluate', name: String(number), items: batch.evaluations.length } as const;
  return withinBudget(ports, resolved, about, () => evaluateBatch(batch, resolved, startedAt, ports));
}

async function evaluateBatch(
  batch: EvaluationBatch,
  resolved: ResolvedRun,
  startedAt: string,
  ports: StagePorts,
): Promise<EvaluateOutput> {
  const { run, batch: number } = batch;
  const { store } = ports;
  const experiment = ports.experiments.find(resolved.experiment);
  const context = evaluationContext(resolved, batch, ports);

  const lines: string[] = [];
  const images: string[] = [];
  const missing: string[] = [];
  let reused = 0;
  for (const item of batch.evaluations) {
    const { name } = item.evaluation;
    ports.progress({ kind: 'item-started', stage: 'evaluate', item: name });
    const cached = await store.get(keys.cachedMeasurements(item.digest));
    if (cached) {
      reused++;
      lines.push(new TextDecoder().decode(cached.body));
      images.push(new TextDecoder().decode((await store.get(keys.cachedImages(item.digest)))?.body));
    } else if (await allThere(item, ports)) {
      const measured = await measure(experiment, item, context, ports);
      lines.push(measured.measurements);
      images.push(measured.images);
    } else {
      missing.push(name);
    }
    const outcome = missing.at(-1) === name ? 'failed' : cached ? 'reused' : 'done';
    ports.progress({ kind: 'item-finished', stage: 'evaluate', item: name, outcome });
  }
  const text = lines.join('');
  await store.put(keys.measurements(run, number), text);
  const imageText = images.join('');
  if (imageText !== '') await store.put(keys.images(run, number), imageText);
  const record = {
    startedAt,
    finishedAt: new Date(ports.now()).toISOString(),
    computed: batch.evaluations.length - reused - missing.length,
    reused,
    missing,
  };
  await store.put(keys.evaluationRecord(run, number), formatRecord(record));
  return { batch: number, measurements: text.split('\n').length - 1 };
}

async function measure(
  experiment: AnyExperiment,
  item: Item,
  context: Omit<EvaluationContext, 'writeImage'>,
  { store }: StagePorts,
): Promise<{ readonly measurements: string; readonly images: string }> {
  const written: EvaluationImage[] = [];
  const rows = await experiment.evaluate(item.evaluation, {
    ...context,
    writeImage: (image) => void written.push(image),
  });
  const measurements = formatMeasurements(rows);
  const images = formatImages(written);
  // Measurements last: where they are, the images are too.
  if (images !== '') await store.put(keys.cachedImages(item.digest), images);
  await store.put(keys.cachedMeasurements(item.digest), measurements);
  return { measurements, images };
}

async function allThere(item: Item, { store }: StagePorts): Promise<boolean> {
  const there = await Promise.all(Object.values(item.artifacts).map((digest) => hasArtifact(store, digest)));
  return there.every(Boolean);
}

/** One for the whole batch: a model or dataset that several evaluations read is opened once. */
function evaluationContext(
  resolved: ResolvedRun,
  batch: EvaluationBatch,
  ports: StagePorts,
): Omit<EvaluationContext, 'writeImage'> {
  const digests = new Map(batch.evaluations.flatMap(({ artifacts }) => Object.entries(artifacts)));
  const models = new Map<string, Promise<TrainedModel>>();
  const readers = new Map<string, Promise<DatasetReader>>();
  return {
    backend: ports.backend,
    threads: ports.threads,
    model(trial) {
      const digest = digests.get(trial);
      if (!digest)
        throw new Error(`An evaluation reads the model of '${trial}', which it does not list in its 'trials'.`);
      return remember(models, trial, () => readArtifact(ports.store, trial, digest));
    },
    dataset: (name) =>
      remember(readers, name, async () =>
        keepFiles(await openDataset(ports.store, name, pinnedVersion(resolved, name)), mostKeptBytes),
      ),
    startTensorFlow: () => ports.startTensorFlow(),
    breathe,
  };
}
