/**
 * What the affinity branch is trained with (§4.2 of arXiv 1605.07681), as targets and a loss for `model.fit`: the Euclidean loss of
 * affinities to whether two pixels have the same label.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InvalidWalkInput } from '../errors.ts';
import { forEachPair } from '../neighbourhood.ts';
import { type NeighbourhoodArgs, readNeighbourhood } from './neighbourhood-settings.ts';

export interface SameLabelArgs extends Pick<NeighbourhoodArgs, 'radius' | 'neighbourhood'> {
  /** A label that says nothing; 255 by default, as in the datasets of the paper. */
  readonly ignoredLabel?: number;
}

/** Of a pair of which nothing is known: one pixel has the ignored label, or lies outside the image. */
const unknown = -1;

/**
 * For each pair of a `PixelAffinity` of the same radius and neighbourhood: 1 where its pixels have the same label, 0 where they do
 * not, −1 where a label is not known.
 *
 * @param labels [batch, height, width], whole numbers
 * @returns [batch, height, width, offsets]
 * @throws InvalidWalkInput unless the labels have three axes; InvalidLayerSetting for a radius out of range
 */
export function sameLabelPairs(labels: tf.Tensor3D, args: SameLabelArgs = {}): tf.Tensor4D {
  const neighbourhood = readNeighbourhood('sameLabelPairs', args);
  const { ignoredLabel = 255 } = args;
  if (labels.rank !== 3) throw new InvalidWalkInput(`Labels must be [batch, height, width], got [${labels.shape}].`);
  const [batch, height, width] = labels.shape;
  const values = labels.dataSync();
  const offsets = neighbourhood.offsets.length;
  const pairs = new Float32Array(values.length * offsets).fill(unknown);
  for (let start = 0; start < values.length; start += height * width) {
    forEachPair({ height, width, neighbourhood }, (i, j, place) => {
      const [own, other] = [values[start + i], values[start + j]];
      if (own !== ignoredLabel && other !== ignoredLabel) pairs[(start + i) * offsets + place] = own === other ? 1 : 0;
    });
  }
  return tf.tensor4d(pairs, [batch, height, width, offsets]);
}

/**
 * ½ mean (w_ij − [label_i = label_j])² over the pairs of which both labels are known; a loss for `model.compile`.
 *
 * @param pairs what `sameLabelPairs` made
 * @param affinities what a `PixelAffinity` put out
 */
export function sameLabelLoss(pairs: tf.Tensor, affinities: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const known = tf.cast(tf.greaterEqual(pairs, 0), 'float32');
    const squares = tf.mul(known, tf.square(tf.sub(affinities, pairs)));
    return tf.div(tf.sum(squares), tf.mul(2, tf.maximum(tf.sum(known), 1))) as tf.Scalar;
  });
}
