/**
 * The weights of a model or layer by name, as `numerics/safetensors.ts` writes them: any `tf.layers` model as a file that
 * Python reads, and back.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';
import type { NamedTensors, Tensor } from '../../numerics/safetensors.ts';
import { InvalidWeights } from '../../tensorflow-layers/errors.ts';

type Weighted = Pick<InstanceType<typeof layers.Layer>, 'weights'>;

/** `stepwise_layer_norm_lstm/input_kernel` and so on: copies of all weights, trainable or not. */
export async function readWeights(model: Weighted): Promise<NamedTensors> {
  const entries = weightsByName(model).map(async ([name, weight]): Promise<[string, Tensor]> => {
    const value = weight.read();
    return [name, { shape: value.shape, data: Float32Array.from(await value.data()) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * Sets all weights. Throws InvalidWeights, and changes nothing, where one is missing, has another shape, or is none of this
 * model's.
 */
export function writeWeights(model: Weighted, tensors: NamedTensors): void {
  const weights = weightsByName(model);
  const names = weights.map(([name]) => name);
  const surplus = Object.keys(tensors).find((name) => !names.includes(name));
  if (surplus !== undefined) {
    throw new InvalidWeights(`'${surplus}' is no weight of this model, whose weights are ${names.join(', ')}.`);
  }
  for (const [name, weight] of weights) {
    const given = tensors[name];
    if (given && given.shape.join() === weight.shape.join()) continue;
    throw new InvalidWeights(
      `The weight '${name}' must have the shape [${weight.shape}], got ${given ? `[${given.shape}]` : 'none'}.`,
    );
  }
  for (const [name, weight] of weights) {
    const { shape, data } = tensors[name]!;
    tf.tidy(() => {
      weight.write(tf.tensor(data, [...shape], 'float32'));
    });
  }
}

/** Names as the layers gave them, without the numbers that TensorFlow.js appends where one was used before. */
function weightsByName(model: Weighted): [string, LayerVariable][] {
  const entries = model.weights.map((weight): [string, LayerVariable] => [weight.originalName, weight]);
  const names = entries.map(([name]) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new InvalidWeights(`Two weights of this model are called '${repeated}': give its layers different names.`);
  }
  return entries;
}
