/** The order-embedding's errors of all pairs of a minibatch, and the ranking loss on them, as differentiable operations. */
import * as tf from '@tensorflow/tfjs-core';
import { product } from '../product.ts';

/**
 * E[i, j] = Σ_d max(0, sentences[i, d] − images[j, d])² (Vendrov et al. 2016, Eq. 2), [sentences, images].
 *
 * Its gradient is written out: with R = max(0, s_i − m_j), ∂s_i = Σ_j 2 G[i, j] R and ∂m_j = −Σ_i 2 G[i, j] R. Both are
 * batches of products of a row and a matrix, which every backend is fast at, where the gradients of broadcasting
 * operations are sums over leading axes, which the WebAssembly backend transposes for.
 *
 * @param sentences [sentences, dimensions]
 * @param images [images, dimensions]
 */
export function orderViolations(sentences: tf.Tensor2D, images: tf.Tensor2D): tf.Tensor2D {
  const [sentenceCount, dimensions] = sentences.shape;
  const [imageCount, imageDimensions] = images.shape;
  if (imageDimensions !== dimensions) {
    throw new RangeError(
      `orderViolations: sentences and images must have one number of dimensions, got ${dimensions} and ${imageDimensions}.`,
    );
  }
  const operation = tf.customGrad((...given) => {
    const [s, m, save] = given as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    save([s, m]);
    return {
      value: tf.sum(tf.square(excess(s, m)), 2),
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => {
        const [sentence, image] = saved as [tf.Tensor2D, tf.Tensor2D];
        const bySentence = excess(sentence, image);
        const byImage = tf.relu(tf.sub(tf.expandDims(sentence, 0), tf.expandDims(image, 1)));
        const ofSentences = tf.matMul(tf.reshape(gradient, [sentenceCount, 1, imageCount]), bySentence);
        const ofImages = tf.matMul(tf.reshape(tf.transpose(gradient), [imageCount, 1, sentenceCount]), byImage);
        return [
          tf.mul(tf.reshape(ofSentences, [sentenceCount, dimensions]), 2),
          tf.mul(tf.reshape(ofImages, [imageCount, dimensions]), -2),
        ];
      },
    };
  });
  return operation(sentences, images) as tf.Tensor2D;
}

/** R = max(0, s_i − m_j), [sentences, images, dimensions] */
function excess(sentences: tf.Tensor2D, images: tf.Tensor2D): tf.Tensor {
  return tf.relu(tf.sub(tf.expandDims(sentences, 1), tf.expandDims(images, 0)));
}

/** −s·m of all pairs, [sentences, images]: the error of the symmetric baseline. */
export function negativeCosines(sentences: tf.Tensor2D, images: tf.Tensor2D): tf.Tensor2D {
  return tf.neg(product(sentences, tf.transpose(images)));
}

/**
 * Σ_{i≠j} max(0, margin + E[j, j] − E[i, j]) + max(0, margin + E[i, i] − E[i, j]) (Vendrov et al. 2016, Eq. 8): every other
 * sentence of the minibatch is to be further from an image than its own, and every other image from a sentence.
 *
 * @param errors [batch, batch], sentences by images; those on the diagonal belong together
 */
export function contrastiveLoss(errors: tf.Tensor2D, margin: number): tf.Scalar {
  const [rows, columns] = errors.shape;
  if (rows !== columns)
    throw new RangeError(`contrastiveLoss: errors must be of pairs in order, got ${rows} × ${columns}.`);
  const identity = tf.eye(rows);
  const own = tf.sum(tf.mul(errors, identity), 1);
  const overSentences = tf.relu(tf.add(tf.sub(tf.expandDims(own, 0), errors), margin));
  const overImages = tf.relu(tf.add(tf.sub(tf.expandDims(own, 1), errors), margin));
  return tf.sum(tf.mul(tf.add(overSentences, overImages), tf.sub(1, identity)));
}
