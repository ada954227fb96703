/** How likely lines of handwriting are to a network, as a loss in nats a point (Graves 2013, Eq. 26). */
import * as tf from '@tensorflow/tfjs-core';
import type { TensorByName } from '../../training/trainer.ts';
import { type EncodedLine, type Minibatch, makeMinibatch } from './handwriting-data.ts';
import { type HandwritingSettings, predictPoints } from './handwriting-network.ts';
import { mixtureNegativeLogLikelihood } from './mixture-density.ts';

/** Graves (2013), §5.3: derivatives of a line's summed loss, on ŷ and in the LSTM layers. */
const outputLimit = 100;
const layerLimit = 10;

/** Mean over all points of a minibatch of the negative log likelihood of each, given the points before it and the text. */
export function handwritingLoss(
  parameters: TensorByName,
  settings: HandwritingSettings,
  alphabetSize: number,
  { texts, length, inputs, targets, present, points }: Minibatch,
): tf.Scalar {
  const batch = texts.length;
  const outputs = predictPoints(
    parameters,
    settings,
    tf.tensor3d(inputs, [length, batch, 3]),
    { texts, alphabetSize },
    // The limits are meant for the sum over points, the loss is their mean.
    { outputs: outputLimit / points, layers: layerLimit / points },
  );
  const losses = mixtureNegativeLogLikelihood(
    tf.reshape(outputs, [length * batch, -1]),
    tf.tensor2d(targets, [length * batch, 3]),
  );
  return tf.div(tf.sum(tf.mul(losses, tf.tensor1d(present))), points);
}

/** Lines at a time where no gradient is wanted: more take more memory and no less time. */
const measuredLines = 64;

/** The same mean over any number of lines, as a number. */
export function measureLoss(
  parameters: TensorByName,
  settings: HandwritingSettings,
  alphabetSize: number,
  lines: readonly EncodedLine[],
  mostPoints: number,
): number {
  let sum = 0;
  let points = 0;
  for (let from = 0; from < lines.length; from += measuredLines) {
    const minibatch = makeMinibatch(lines.slice(from, from + measuredLines), mostPoints);
    const loss = tf.tidy(() => handwritingLoss(parameters, settings, alphabetSize, minibatch).dataSync()[0]!);
    sum += loss * minibatch.points;
    points += minibatch.points;
  }
  return sum / points;
}
