/**
 * The soft window through which a network reads the text that it writes (Graves 2013, §5.1). It moves once a point, on a
 * few numbers: composed of TensorFlow.js's operations it would take sixty of them, forward and back, and more time than the
 * LSTM beside it; here it is one.
 */
import * as tf from '@tensorflow/tfjs-core';
import { LayerNormShapeError } from '../errors.ts';

/** Where the window stands: κ of each of its Gaussians, [batch, components], in characters; it never moves back. */
export type WindowPosition = tf.Tensor2D;

/** Texts as the window sees them: c of Eq. 47, one-hot. */
export interface WindowText {
  /** [batch][characters]: indices into the alphabet. */
  readonly texts: readonly (readonly number[])[];
  readonly alphabetSize: number;
}

export interface MovedWindow {
  /** w, [batch, alphabet] */
  readonly window: tf.Tensor2D;
  readonly position: WindowPosition;
  /** φ(1) … φ(U + 1) of each text of U characters: where the last one is the greatest, the window has moved beyond it. */
  readonly weights: readonly Float64Array[];
}

/**
 * One step of the window: w = Σ_u φ(u) c_u with φ(u) = Σ_k α_k exp(−β_k (κ_k − u)²), κ = κ₋₁ + exp(κ̂) (Eqs 46–51).
 * Differentiable once, in projection and position.
 *
 * @param projection (α̂, β̂, κ̂), [batch, 3 × components]
 * @throws LayerNormShapeError
 */
export function moveWindow(projection: tf.Tensor2D, position: WindowPosition, text: WindowText): MovedWindow {
  const [batch, components] = position.shape;
  const { texts, alphabetSize } = text;
  if (projection.shape[0] !== batch || projection.shape[1] !== 3 * components || texts.length !== batch) {
    throw new LayerNormShapeError(
      `moveWindow: a window of ${components} Gaussians over ${batch} texts takes a projection [${batch}, ${3 * components}], got [${projection.shape}] and ${texts.length} texts.`,
    );
  }
  const width = alphabetSize + components;
  let rows: readonly WindowRow[] = [];
  const move = tf.customGrad((...inputs) => {
    const [projected, before] = [inputs[0], inputs[1]].map((tensor) => (tensor as tf.Tensor).dataSync()) as [
      Float32Array,
      Float32Array,
    ];
    rows = texts.map((own, row) =>
      moveRow(
        own,
        projected.subarray(row * 3 * components, (row + 1) * 3 * components),
        before.subarray(row * components, (row + 1) * components),
      ),
    );
    // One output is all that an operation of one's own can have: the window, then its position.
    const value = new Float32Array(batch * width);
    for (const [row, { weights, positions }] of rows.entries()) {
      for (const [place, character] of texts[row]!.entries()) value[row * width + character]! += weights[place]!; // Eq. 47
      value.set(positions, row * width + alphabetSize);
    }
    const gradFunc = (derivative: tf.Tensor) => {
      const flowing = derivative.dataSync() as Float32Array;
      const [toProjection, toPosition] = [new Float32Array(projected.length), new Float32Array(before.length)];
      for (const [row, state] of rows.entries()) {
        moveRowBack(
          texts[row]!,
          state,
          flowing.subarray(row * width, (row + 1) * width),
          toProjection.subarray(row * 3 * components, (row + 1) * 3 * components),
          toPosition.subarray(row * components, (row + 1) * components),
        );
      }
      return [tf.tensor2d(toProjection, [batch, 3 * components]), tf.tensor2d(toPosition, [batch, components])];
    };
    return { value: tf.tensor2d(value, [batch, width]), gradFunc };
  });
  const moved = move(projection, position) as tf.Tensor2D;
  return {
    window: tf.slice2d(moved, [0, 0], [batch, alphabetSize]),
    position: tf.slice2d(moved, [0, alphabetSize], [batch, components]),
    weights: rows.map(({ weights }) => weights),
  };
}

interface WindowRow {
  /** α and β, Eqs 49 and 50. */
  readonly importance: Float64Array;
  readonly sharpness: Float64Array;
  /** exp(κ̂) and κ, Eq. 51. */
  readonly advance: Float64Array;
  readonly positions: Float64Array;
  /** φ(u), Eq. 46. */
  readonly weights: Float64Array;
}

function moveRow(text: readonly number[], projection: Float32Array, before: Float32Array): WindowRow {
  const components = before.length;
  const exponential = (part: number) =>
    Float64Array.from({ length: components }, (_, k) => Math.exp(projection[part * components + k]!));
  const [importance, sharpness, advance] = [exponential(0), exponential(1), exponential(2)];
  const positions = advance.map((value, k) => before[k]! + value);
  const weights = new Float64Array(text.length + 1);
  for (let place = 0; place < weights.length; place++) {
    for (let k = 0; k < components; k++) {
      weights[place]! += importance[k]! * Math.exp(-sharpness[k]! * (positions[k]! - place - 1) ** 2);
    }
  }
  return { importance, sharpness, advance, positions, weights };
}

/** With ε(k, u) = ∂L/∂φ(u) · α_k exp(−β_k (κ_k − u)²): Graves's Eqs 55 to 58. */
function moveRowBack(
  text: readonly number[],
  { importance, sharpness, advance, positions }: WindowRow,
  derivative: Float32Array,
  toProjection: Float32Array,
  toPosition: Float32Array,
): void {
  const components = positions.length;
  const alphabetSize = derivative.length - components;
  for (let k = 0; k < components; k++) {
    const [alpha, beta] = [importance[k]!, sharpness[k]!];
    let toImportance = 0;
    let toSharpness = 0;
    let toKappa = derivative[alphabetSize + k]!;
    for (const [place, character] of text.entries()) {
      const distance = positions[k]! - place - 1;
      const epsilon = derivative[character]! * alpha * Math.exp(-beta * distance * distance); // Eq. 54
      toImportance += epsilon; // Eq. 55
      toSharpness -= beta * epsilon * distance * distance; // Eq. 56
      toKappa -= 2 * beta * epsilon * distance; // Eq. 57
    }
    toProjection[k] = toImportance;
    toProjection[components + k] = toSharpness;
    toProjection[2 * components + k] = advance[k]! * toKappa; // Eq. 58
    toPosition[k] = toKappa;
  }
}
