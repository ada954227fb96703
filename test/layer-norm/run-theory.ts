/** All stages of an experiment in this process, without a store. */
import type { DatasetReader } from '../../lib/datasets/dataset.ts';
import type { TrainedModel, TrainingContext } from '../../lib/pipeline/context.ts';
import type { AnyExperiment, Measurement } from '../../lib/pipeline/experiment.ts';

interface Machine {
  readonly dataset?: (name: string) => Promise<DatasetReader>;
  readonly startTensorFlow?: () => Promise<void>;
}

export async function runWhole(
  experiment: AnyExperiment,
  params: unknown,
  {
    dataset = () => Promise.reject(new Error('This experiment has no dataset.')),
    startTensorFlow = () => Promise.reject(new Error('This experiment needs no TensorFlow.js.')),
  }: Machine = {},
): Promise<{ readonly measurements: readonly Measurement[]; readonly models: ReadonlyMap<string, TrainedModel> }> {
  const machine = { backend: 'wasm-plain', threads: 1, dataset, startTensorFlow, breathe: async () => {} } as const;
  const models = new Map<string, TrainedModel>();
  const trials = experiment.plan(params);
  for (const trial of trials) {
    let metrics: TrainedModel['metrics'] = [];
    const context: TrainingContext = {
      ...machine,
      checkpoint: undefined,
      checkpointDue: () => false,
      saveCheckpoint: async () => {},
      writeMetrics: async (rows) => {
        metrics = rows;
      },
      writeModel: async (tensors, metadata) => {
        models.set(trial.name, { tensors, metadata, metrics });
      },
      progress: () => {},
    };
    await experiment.train(trial, context);
  }
  const measurements: Measurement[] = [];
  for (const evaluation of experiment.evaluations(params, trials)) {
    const model = async (name: string) => {
      if (!evaluation.trials.includes(name)) throw new Error(`${evaluation.name} does not list ${name}.`);
      return models.get(name)!;
    };
    measurements.push(...(await experiment.evaluate(evaluation, { ...machine, model, writeImage: () => {} })));
  }
  return { measurements, models };
}
