import { startTensorFlow } from '../../functions/numeric-backend.ts';
import type { DatasetReader } from '../../lib/datasets/dataset.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import type { Checkpoint, TrainedModel, TrainingContext } from '../../lib/pipeline/context.ts';
import type { EvaluationImage } from '../../lib/pipeline/evaluation-image.ts';
import type { AnyExperiment, BaseTrial, Measurement } from '../../lib/pipeline/experiment.ts';

const backend = detectWasmBackend();

export type Datasets = (name: string) => Promise<DatasetReader>;

/** A dataset of files in memory. */
export function datasetOf(name: string, files: Readonly<Record<string, Uint8Array>>): DatasetReader {
  return {
    manifest: {
      formatVersion: 1,
      name,
      version: '0'.repeat(16),
      origin: 'stand-in',
      description: '',
      files: Object.entries(files).map(([file, { length }]) => ({ name: file, size: length, sha256: '' })),
    },
    file: async (file) => files[file]!,
  };
}

/**
 * Trains one trial on the WebAssembly backend.
 *
 * @param killAfter where given, the training is killed at that checkpoint, and begun again from it
 */
export async function trainTrial(
  experiment: AnyExperiment,
  trial: BaseTrial,
  datasets: Datasets,
  killAfter?: number,
): Promise<TrainedModel> {
  let metrics: TrainedModel['metrics'] = [];
  let model: TrainedModel | undefined;
  let checkpoint: Checkpoint | undefined;
  const killed = new Error('killed');
  const context = (from: Checkpoint | undefined): TrainingContext => ({
    backend,
    threads: 1,
    checkpoint: from,
    checkpointDue: () => killAfter !== undefined && from === undefined,
    saveCheckpoint: async (saved) => {
      // Through bytes, as in the bucket: what goes on must not share memory with what was killed.
      checkpoint = { ...structuredClone(saved), state: JSON.parse(JSON.stringify(saved.state)) };
      if (saved.step >= killAfter!) throw killed;
    },
    dataset: datasets,
    startTensorFlow: () => startTensorFlow(backend),
    breathe: async () => {},
    progress: () => {},
    writeMetrics: async (rows) => {
      metrics = rows;
    },
    writeModel: async (tensors, metadata) => {
      model = { tensors, metadata, metrics };
    },
  });
  try {
    await experiment.train(trial, context(undefined));
  } catch (error) {
    if (error !== killed) throw error;
    await experiment.train(trial, context(checkpoint));
  }
  return model!;
}

/**
 * All stages in this process on the WebAssembly backend, without a store.
 *
 * @param models by trial: those that are there are not trained again, the others are added
 */
export async function runExperiment(
  experiment: AnyExperiment,
  params: unknown,
  datasets: Datasets,
  models = new Map<string, TrainedModel>(),
): Promise<{ readonly rows: readonly Measurement[]; readonly images: readonly EvaluationImage[] }> {
  const trials = experiment.plan(params);
  for (const trial of trials) {
    if (!models.has(trial.name)) models.set(trial.name, await trainTrial(experiment, trial, datasets));
  }
  const rows: Measurement[] = [];
  const images: EvaluationImage[] = [];
  for (const evaluation of experiment.evaluations(params, trials)) {
    const measured = await experiment.evaluate(evaluation, {
      backend,
      threads: 1,
      dataset: datasets,
      startTensorFlow: () => startTensorFlow(backend),
      breathe: async () => {},
      model: async (name) => {
        if (!evaluation.trials.includes(name)) throw new Error(`${evaluation.name} did not name the trial ${name}`);
        return models.get(name)!;
      },
      writeImage: (image) => images.push(image),
    });
    rows.push(...measured);
  }
  return { rows, images };
}
