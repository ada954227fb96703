/**
 * In TypeScript, without a model of layers: `minimize`, a trained optimizer and a hand-written one on ‖Wθ − y‖², and an optimizer that
 * stops and goes on. Types come with the package.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// Brings the gradients of all operations, which the core on its own does not have; so does '@tensorflow/tfjs'.
import '@tensorflow/tfjs-layers';
import { LearnedOptimizer, type LearnedOptimizerOptions, type PretrainedName, Torch7NAG } from 'stepwise';

const name: PretrainedName = 'quadratics';
const options: LearnedOptimizerOptions = { compute: 'kernel' };
await tf.setBackend('cpu');

// 20 functions of 10 dimensions, W and y ~ N(0, 1), θ = 0: what the optimizer was trained on.
const w = tf.randomNormal([20, 10, 10], 0, 1, 'float32', 1);
const y = tf.randomNormal([20, 10, 1], 0, 1, 'float32', 2);
const lossAt = (theta: tf.Tensor): tf.Scalar => tf.sum(tf.squaredDifference(tf.matMul(w, theta), y)) as tf.Scalar;

function descend(optimizer: tf.Optimizer, theta: tf.Variable, steps: number): number {
  for (let step = 0; step < steps; step++) optimizer.minimize(() => lossAt(theta), false, [theta]);
  return tf.tidy(() => lossAt(theta).dataSync()[0] ?? Number.NaN) / 20;
}

const start = () => tf.variable(tf.zeros([20, 10, 1]));
const learned = await LearnedOptimizer.load(name, options);
const theta = start();
const halfway = descend(learned, theta, 50);

// The state of 50 steps moves to another optimizer of the same kind.
const state = await learned.getWeights();
const resumed = await LearnedOptimizer.load(name, options);
await resumed.setWeights(state);
const last = descend(resumed, theta, 50);

const nag = descend(new Torch7NAG(0.01), start(), 100);
console.log(
  `loss a function: learned ${halfway.toFixed(3)} after 50 steps, ${last.toFixed(3)} after 100; NAG ${nag.toFixed(3)} after 100`,
);
if (!(last < halfway && last < nag)) throw new Error('The learned optimizer should be ahead of NAG here.');
