import { randomStream } from '../../lib/numerics/random.ts';
import type { Tensor } from '../../lib/numerics/safetensors.ts';
import type { TrainedModel } from '../../lib/pipeline/context.ts';

/** After a few updates every pixel has one label: scores that vary, and affinities that differ, in place of the trained ones. */
export function withVariedLabels(model: TrainedModel): TrainedModel {
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
