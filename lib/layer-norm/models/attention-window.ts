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

/** What makes (α̂, β̂, κ̂) of the first layer's output: [units, 3 × components] and [3 × components]. */
export interface WindowParameters {
  readonly kernel: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

/**
 * One step of the window: (α̂, β̂, κ̂) = W h + b, κ = κ₋₁ + exp(κ̂), and w = Σ_u φ(u) c_u with
 * φ(u) = Σ_k α_k exp(−β_k (κ_k − u)²) (Eqs 46–51). Differentiable once, in all tensors.
 *
 * @param hidden h of the first layer, [batch, units]
 * @throws LayerNormShapeError
 */
export function moveWindow(
  hidden: tf.Tensor2D,
  { kernel, bias }: WindowParameters,
  position: WindowPosition,
  { texts, alphabetSize }: WindowText,
): MovedWindow {
  const [batch, components] = position.shape;
  const [, units] = hidden.shape;
  const outputs = 3 * components;
  const width = alphabetSize + components;
  requireShapes({ hidden, kernel, bias }, { hidden: [texts.length, units], kernel: [units, outputs], bias: [outputs] });
  let rows: readonly WindowRow[] = [];
  const move = tf.customGrad((...inputs) => {
    const [h, weights, biases, before] = inputs.slice(0, 4).map((tensor) => (tensor as tf.Tensor).dataSync()) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    rows = texts.map((text, row) => {
      const projection = projectRow(h.subarray(row * units, (row + 1) * units), weights, biases);
      return moveRow(text, projection, before.subarray(row * components, (row + 1) * components));
    });
    // One output is all that an operation of one's own can have: the window, then its position.
    const value = new Float32Array(batch * width);
    for (const [row, { weights: phi, positions }] of rows.entries()) {
      for (const [place, character] of texts[row]!.entries()) value[row * width + character]! += phi[place]!; // Eq. 47
      value.set(positions, row * width + alphabetSize);
    }
    const made = rows;
    const gradFunc = (derivative: tf.Tensor) => {
      const flowing = derivative.dataSync() as Float32Array;
      const gradients = [h, weights, biases, before].map(({ length }) => new Float32Array(length));
      const [toHidden, toKernel, toBias, toPosition] = gradients as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const toProjection = new Float32Array(outputs);
      for (const [row, state] of made.entries()) {
        moveRowBack(
          texts[row]!,
          state,
          flowing.subarray(row * width, (row + 1) * width),
          toProjection,
          toPosition.subarray(row * components, (row + 1) * components),
        );
        for (let unit = 0; unit < units; unit++) {
          const own = h[row * units + unit]!;
          let sum = 0;
          for (let output = 0; output < outputs; output++) {
            sum += weights[unit * outputs + output]! * toProjection[output]!;
            toKernel[unit * outputs + output]! += own * toProjection[output]!;
          }
          toHidden[row * units + unit] = sum;
        }
        for (let output = 0; output < outputs; output++) toBias[output]! += toProjection[output]!;
      }
      return [hidden, kernel, bias, position].map(({ shape }, index) => tf.tensor(gradients[index]!, [...shape]));
    };
    return { value: tf.tensor2d(value, [batch, width]), gradFunc };
  });
  const moved = move(hidden, kernel, bias, position) as tf.Tensor2D;
  return {
    window: tf.slice2d(moved, [0, 0], [batch, alphabetSize]),
    position: tf.slice2d(moved, [0, alphabetSize], [batch, components]),
    weights: rows.map(({ weights }) => weights),
  };
}

function requireShapes(tensors: Readonly<Record<string, tf.Tensor>>, shapes: Readonly<Record<string, number[]>>): void {
  for (const [name, shape] of Object.entries(shapes)) {
    const actual = tensors[name]!.shape;
    if (actual.join() === shape.join()) continue;
    throw new LayerNormShapeError(
      `moveWindow: ${name} must have the shape [${shape}], from the texts, the hidden state and the position, got [${actual}].`,
    );
  }
}

/** W h + b, Eq. 48. */
function projectRow(hidden: Float32Array, kernel: Float32Array, bias: Float32Array): Float64Array {
  const projection = Float64Array.from(bias);
  for (const [unit, value] of hidden.entries()) {
    for (let output = 0; output < projection.length; output++) {
      projection[output]! += value * kernel[unit * projection.length + output]!;
    }
  }
  return projection;
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

function moveRow(text: readonly number[], projection: Float64Array, before: Float32Array): WindowRow {
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
