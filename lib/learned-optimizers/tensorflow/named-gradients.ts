/** What `applyGradients` is given, as one list: the trainable variables that have a gradient. */
import * as tf from '@tensorflow/tfjs-core';
import { InvalidGradient } from './errors.ts';

/** TensorFlow.js has this type and does not export it. */
export type NamedTensor = Awaited<ReturnType<tf.Optimizer['getWeights']>>[number];

export interface NamedGradient {
  readonly name: string;
  readonly variable: tf.Variable;
  readonly gradient: tf.Tensor;
}

/**
 * In the order that came, which is that of the variables' creation unless the caller says otherwise. Variables without a
 * gradient are left out, as TensorFlow.js's own optimizers do. Throws InvalidGradient.
 */
export function listGradients(gradients: tf.NamedTensorMap | NamedTensor[]): NamedGradient[] {
  const named: readonly (readonly [string, tf.Tensor | null | undefined])[] = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor])
    : Object.entries(gradients);
  const { registeredVariables } = tf.engine();
  return named.flatMap(([name, gradient]) => {
    if (gradient === null || gradient === undefined) return [];
    const variable = registeredVariables[name];
    if (!variable) throw new InvalidGradient(`A gradient came for '${name}', but there is no variable of this name.`);
    if (gradient.shape.join() !== variable.shape.join()) {
      throw new InvalidGradient(
        `The gradient of '${name}' must have the variable's shape [${variable.shape}], and has [${gradient.shape}].`,
      );
    }
    return [{ name, variable, gradient }];
  });
}
