import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import type { Tensor } from '../../lib/numerics/safetensors.ts';
import type { EvaluationContext, TrainedModel } from '../../lib/pipeline/context.ts';
import type { AnyExperiment, BaseTrial } from '../../lib/pipeline/experiment.ts';
import { type Datasets, trainTrial } from '../layer-norm/run-experiment.ts';

/** After a few updates every pixel has one label: scores that vary, and affinities that differ, in place of the trained ones. */
export async function trainVaried(
  experiment: AnyExperiment,
  trial: BaseTrial,
  datasets: Datasets,
): Promise<TrainedModel> {
  const model = await trainTrial(experiment, trial, datasets);
  const random = randomStream(0, 'varied labels');
  const tensors = Object.fromEntries(
    Object.entries(model.tensors).map(([name, tensor]): [string, Tensor] => {
      if (name.endsWith('/affinity/weights')) {
        return [name, { ...tensor, data: Float32Array.from(tensor.data, () => -3 * random.uniform()) }];
      }
      if (name.endsWith('/fc8/kernel')) {
        return [name, { ...tensor, data: Float32Array.from(tensor.data, () => random.normal()) }];
      }
      return [name, tensor];
    }),
  );
  return { ...model, tensors };
}

/** For evaluations of that one model, whose pictures nobody looks at. */
export function evaluationContext(model: TrainedModel, datasets: Datasets): EvaluationContext {
  const backend = detectWasmBackend();
  return {
    backend,
    threads: 1,
    model: async () => model,
    startTensorFlow: () => startTensorFlow(backend),
    dataset: datasets,
    writeImage: () => {},
    breathe: async () => {},
  };
}
