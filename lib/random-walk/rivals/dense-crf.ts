/**
 * The fully connected CRF that DeepLab refines with: P. Krähenbühl and V. Koltun, Efficient inference in fully connected CRFs with
 * Gaussian edge potentials (2011). Every pair of pixels i, j with different labels costs
 *
 *   w₁ exp(−|pᵢ − pⱼ|² / 2θα² − |Iᵢ − Iⱼ|² / 2θβ²) + w₂ exp(−|pᵢ − pⱼ|² / 2θγ²)
 *
 * with positions p in pixels and colours I from 0 to 255, and mean field inference repeats Q ← softmax(−U + Σₘ wₘ Kₘ Q), where
 * U = −log of the probabilities. As the authors' code and pydensecrf do it: each kernel is normalised symmetrically,
 * K = N G N with N = diag(G 1)^−½, and a pixel's message to itself, which the paper leaves out, stays in.
 */
import type { ClassProbabilities } from '../refine.ts';
import { InvalidRefinement } from './errors.ts';
import { PermutohedralLattice } from './permutohedral-lattice.ts';
import { checkPositive, checkProbabilities, coloursOf, type Refinement } from './refinement.ts';

export interface DenseCrfOptions {
  /** θγ in pixels and w₂ of the kernel of positions; by default 3 and 3. */
  readonly gaussian?: { readonly positionScale: number; readonly compatibility: number };
  /** θα in pixels, θβ in grey levels and w₁ of the kernel of positions and colours; by default 80, 13 and 10. */
  readonly bilateral?: {
    readonly positionScale: number;
    readonly colourScale: number;
    readonly compatibility: number;
  };
  /** Of mean field; by default 10. */
  readonly iterations?: number;
}

/** What pydensecrf takes a smaller probability for: U stays finite. */
const smallestProbability = 1e-5;

/** Throws InvalidRefinement where a parameter is out of its range. */
export function denseCrf({
  gaussian = { positionScale: 3, compatibility: 3 },
  bilateral = { positionScale: 80, colourScale: 13, compatibility: 10 },
  iterations = 10,
}: DenseCrfOptions = {}): Refinement {
  checkPositive({
    'gaussian.positionScale': gaussian.positionScale,
    'gaussian.compatibility': gaussian.compatibility,
    'bilateral.positionScale': bilateral.positionScale,
    'bilateral.colourScale': bilateral.colourScale,
    'bilateral.compatibility': bilateral.compatibility,
  });
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new InvalidRefinement(`iterations must be a whole number of at least 1, got ${iterations}.`);
  }
  return (picture, probabilities) => {
    checkProbabilities(picture, probabilities);
    const { width, height, classes } = probabilities;
    const kernels = [
      new NormalisedKernel(positions(width, height, gaussian.positionScale), 2, gaussian.compatibility),
      new NormalisedKernel(
        positionsAndColours(width, coloursOf(picture), bilateral.positionScale, bilateral.colourScale),
        5,
        bilateral.compatibility,
      ),
    ];
    return { width, height, classes, data: inferMeanField(probabilities, kernels, iterations) };
  };
}

function inferMeanField(
  { classes, data }: ClassProbabilities,
  kernels: readonly NormalisedKernel[],
  iterations: number,
): Float32Array {
  const negativeEnergy = data.map((value) => Math.log(Math.max(value, smallestProbability)));
  let marginals = softmax(negativeEnergy, classes);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const scores = negativeEnergy.slice();
    for (const kernel of kernels) kernel.addMessages(marginals, classes, scores);
    marginals = softmax(scores, classes);
  }
  return marginals;
}

/** w N G N, with N = diag(G 1)^−½. */
class NormalisedKernel {
  readonly #lattice: PermutohedralLattice;
  readonly #normalisation: Float32Array;
  readonly #compatibility: number;

  constructor(features: Float32Array, dimensions: number, compatibility: number) {
    this.#lattice = new PermutohedralLattice(features, dimensions);
    this.#compatibility = compatibility;
    const ones = new Float32Array(features.length / dimensions).fill(1);
    this.#normalisation = this.#lattice.filter(ones, 1).map((sum) => 1 / Math.sqrt(sum + 1e-20));
  }

  /** scores += w N G N marginals; both [pixels, classes]. */
  addMessages(marginals: Float32Array, classes: number, scores: Float32Array): void {
    const normalisation = this.#normalisation;
    const scaled = new Float32Array(marginals.length);
    for (let pixel = 0, at = 0; pixel < normalisation.length; pixel++) {
      const factor = normalisation[pixel]!;
      for (let label = 0; label < classes; label++, at++) scaled[at] = factor * marginals[at]!;
    }
    const filtered = this.#lattice.filter(scaled, classes);
    for (let pixel = 0, at = 0; pixel < normalisation.length; pixel++) {
      const factor = this.#compatibility * normalisation[pixel]!;
      for (let label = 0; label < classes; label++, at++) scores[at]! += factor * filtered[at]!;
    }
  }
}

function positions(width: number, height: number, positionScale: number): Float32Array {
  const features = new Float32Array(2 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    features[2 * pixel] = (pixel % width) / positionScale;
    features[2 * pixel + 1] = Math.floor(pixel / width) / positionScale;
  }
  return features;
}

function positionsAndColours(
  width: number,
  colours: Float32Array,
  positionScale: number,
  colourScale: number,
): Float32Array {
  const pixels = colours.length / 3;
  const features = new Float32Array(5 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    features[5 * pixel] = (pixel % width) / positionScale;
    features[5 * pixel + 1] = Math.floor(pixel / width) / positionScale;
    for (let colour = 0; colour < 3; colour++) {
      features[5 * pixel + 2 + colour] = colours[3 * pixel + colour]! / colourScale;
    }
  }
  return features;
}

/** Over the last axis, [pixels, classes]. */
function softmax(scores: Float32Array, classes: number): Float32Array {
  const result = new Float32Array(scores.length);
  for (let first = 0; first < scores.length; first += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let at = first; at < first + classes; at++) largest = Math.max(largest, scores[at]!);
    let sum = 0;
    for (let at = first; at < first + classes; at++) {
      result[at] = Math.exp(scores[at]! - largest);
      sum += result[at]!;
    }
    for (let at = first; at < first + classes; at++) result[at]! /= sum;
  }
  return result;
}
