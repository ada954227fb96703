/** The soft window through which a network reads the text that it writes (Graves 2013, §5.1). */
import * as tf from '@tensorflow/tfjs-core';

/** Where the window stands: κ of each of its Gaussians, [batch, components], in characters; it never moves back. */
export type WindowPosition = tf.Tensor2D;

/** A text as the window sees it. */
export interface WindowText {
  /** c, [batch, characters, alphabet]: one-hot, and zero after the end of a text. */
  readonly characters: tf.Tensor3D;
  /** u, [1, 1, characters]: 1, 2, … */
  readonly places: tf.Tensor3D;
}

/**
 * One step of the window: w = Σ_u φ(u) c_u with φ(u) = Σ_k α_k exp(−β_k (κ_k − u)²), κ = κ₋₁ + exp(κ̂) (Eqs 46–51).
 *
 * @param projection (α̂, β̂, κ̂), [batch, 3 × components]
 * @returns the window [batch, alphabet], its new position, and φ [batch, characters]
 */
export function moveWindow(
  projection: tf.Tensor2D,
  position: WindowPosition,
  { characters, places }: WindowText,
): { readonly window: tf.Tensor2D; readonly position: WindowPosition; readonly weights: tf.Tensor2D } {
  const [batch, components] = position.shape;
  const [texts, length, alphabet] = characters.shape;
  if (projection.shape[0] !== batch || projection.shape[1] !== 3 * components || texts !== batch) {
    throw new RangeError(
      `A window of ${components} Gaussians over a batch of ${batch} takes [${batch}, ${3 * components}] and texts of [${batch}, characters, alphabet], got [${projection.shape}] and [${characters.shape}].`,
    );
  }
  const exponentials = tf.exp(projection);
  const [importance, sharpness, advance] = [0, 1, 2].map((part) =>
    tf.slice2d(exponentials, [0, part * components], [batch, components]),
  ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D]; // α, β, exp(κ̂): Eqs 49–51
  const moved = tf.add<tf.Tensor2D>(position, advance);
  const column = (tensor: tf.Tensor2D) => tf.reshape(tensor, [batch, components, 1]);
  const distance = tf.square(tf.sub(column(moved), places));
  const gaussians = tf.mul(column(importance), tf.exp(tf.neg(tf.mul(column(sharpness), distance))));
  const weights = tf.sum<tf.Tensor2D>(gaussians, 1); // φ, Eq. 46
  const window = tf.reshape<tf.Rank.R2>(tf.matMul(tf.reshape(weights, [batch, 1, length]), characters), [
    batch,
    alphabet,
  ]); // Eq. 47
  return { window, position: moved, weights };
}

/**
 * The texts with one empty place after the longest: where the window is there, it has moved beyond the text.
 *
 * @param texts [batch][characters]: indices into the alphabet
 */
export function windowText(texts: readonly (readonly number[])[], alphabetSize: number): WindowText {
  const length = 1 + Math.max(...texts.map((text) => text.length));
  const oneHot = new Float32Array(texts.length * length * alphabetSize);
  for (const [row, text] of texts.entries()) {
    for (const [place, index] of text.entries()) oneHot[(row * length + place) * alphabetSize + index] = 1;
  }
  return {
    characters: tf.tensor3d(oneHot, [texts.length, length, alphabetSize]),
    places: tf.tensor3d(
      Float32Array.from({ length }, (_, place) => place + 1),
      [1, 1, length],
    ),
  };
}
