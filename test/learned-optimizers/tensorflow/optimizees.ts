/** Small things to optimize, and the backends to do it on. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';

export async function useBackend(backend: 'cpu' | 'wasm'): Promise<void> {
  if (backend === 'wasm') await startTensorFlow('wasm-plain');
  else await tf.setBackend('cpu');
}

export interface Regression {
  readonly x: number[][];
  readonly y: number[][];
  readonly start: { readonly w: number[]; readonly b: number[] };
}

/** The mean squared error of tanh(XW + b), with W and b as variables of names of their own. */
export function startRegression({ x, y, start }: Regression) {
  const inputs = tf.tensor2d(x);
  const targets = tf.tensor2d(y);
  // In a tidy: a variable's initial value is a tensor of its own.
  const b = tf.tidy(() => tf.variable(tf.tensor1d(start.b)));
  const w = tf.tidy(() => tf.variable(tf.tensor2d(start.w, [start.w.length / start.b.length, start.b.length])));
  return {
    w,
    b,
    variables: [w, b],
    loss: (): tf.Scalar =>
      tf.mean(tf.squaredDifference(tf.tanh(tf.add(tf.matMul(inputs, w), b)), targets)) as unknown as tf.Scalar,
    dispose: () => tf.dispose([inputs, targets, w, b]),
  };
}
