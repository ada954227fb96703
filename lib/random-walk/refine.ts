/**
 * Sharper segments from class probabilities and the picture that they are of: a random walk to convergence (§4.4) along
 * affinities of colours, by one call. Needs no TensorFlow.js.
 */

import { createRandomWalkKernel } from '../kernels/random-walk-kernel.ts';
import { type Convergence, converge, type Solver, solverArrays } from './converge.ts';
import { type AlphaReading, diffusionOf } from './diffusion.ts';
import { InvalidWalkInput, InvalidWalkSetting } from './errors.ts';
import { clipNeighbourhood, createNeighbourhood, type NeighbourhoodShape } from './neighbourhood.ts';
import { startFromSmallerWalk } from './shrink.ts';

/**
 * Pixels in reading order with one value (grey), two (grey and alpha), three (RGB) or four (RGBA) each; alpha is not used. An
 * `ImageData` is one.
 */
export interface Picture {
  readonly height: number;
  readonly width: number;
  /** Of 8 bits, of 16 bits, or floats from 0 to 1. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;
}

export interface ClassProbabilities {
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** [height, width, classes], the probabilities of a pixel next to each other. */
  readonly data: Float32Array;
}

export interface RefineOptions {
  /**
   * α of Eq. 1; 0.9 by default. With affinities of colours that nobody trained, more smooths thin things away; the paper's
   * trained ones go with 0.99 (in its own words `alpha: 0.01, alphaWeighs: 'segmentation'`).
   */
  readonly alpha?: number;
  /** What α weighs: the walk, as the equation is printed and by default, or the segmentation. */
  readonly alphaWeighs?: AlphaReading;
  /** R; 5 by default, as the paper predicts with. */
  readonly radius?: number;
  readonly neighbourhood?: NeighbourhoodShape;
  /**
   * θ of the affinities exp(Σ θ_k |difference of colour k|), colours from 0 to 1: one number for all colours, or one for each;
   * −15 by default.
   */
  readonly affinityWeights?: number | readonly number[];
  /** How far a value may be from the walk's limit; 1e-3 by default. */
  readonly tolerance?: number;
  readonly solver?: Solver;
  /**
   * What the solver begins with: the probabilities, by default, or the solution of a walk over every second row and column
   * (see shrink.ts), which saves up to a fifth of Chebyshev's steps at α = 0.99, and costs time of its own.
   */
  readonly start?: 'segmentation' | 'smaller-walk';
}

export interface RefinedProbabilities extends ClassProbabilities, Pick<Convergence, 'steps' | 'errorBound'> {}

/** How far from one a pixel's probabilities may sum: what a softmax in float16 leaves. */
const sumTolerance = 1e-2;

/**
 * Every row of the result sums to one. A constant picture has affinities of one; where affinities are next to nothing, a pixel
 * keeps its own probabilities. A radius larger than the image means all of it.
 *
 * Throws InvalidWalkInput for sizes that do not match, values that are not finite, and probabilities that are none;
 * InvalidWalkSetting for options out of range; KernelShapeError for an image that does not fit the kernel's memory.
 *
 * @param createKernel what computes the walk: see refine-on-threads.ts for several threads, which no web page has
 */
export function refine(
  picture: Picture,
  probabilities: ClassProbabilities,
  options: RefineOptions = {},
  createKernel: typeof createRandomWalkKernel = createRandomWalkKernel,
): RefinedProbabilities {
  const { alpha = 0.9, alphaWeighs = 'walk', radius = 5, affinityWeights = -15, solver = 'chebyshev' } = options;
  const diffusion = diffusionOf(alpha, alphaWeighs);
  const whole = createNeighbourhood(radius, options.neighbourhood);
  const { height, width, classes } = probabilities;
  const colours = checkPicture(picture);
  checkProbabilities(picture, probabilities);
  const neighbourhood = clipNeighbourhood(whole, height, width);
  const grid = { height, width, neighbourhood, classes, channels: colours };
  const walk = createKernel(grid, solverArrays[solver] ?? 1);
  fillColours(picture, colours, walk.features);
  walk.weights.set(weightsOf(affinityWeights, colours));
  const largestDegree = walk.computeAffinities();
  if (!(largestDegree < largestUsableDegree)) {
    throw new InvalidWalkSetting(
      `affinityWeights must not make affinities overflow, got [${walk.weights}] and sums of affinities up to ${largestDegree}. Negative weights keep affinities at most 1.`,
    );
  }
  walk.values[0]!.set(probabilities.data);
  const { tolerance = 1e-3 } = options;
  const isStarted = isSmallerWalk(options.start);
  if (isStarted) startFromSmallerWalk(walk, { ...grid, diffusion, tolerance });
  const { y, steps, errorBound } = converge(walk, largestDegree, { diffusion, tolerance, solver, isStarted });
  return { height, width, classes, data: normaliseRows(y, classes), steps, errorBound };
}

function isSmallerWalk(start: RefineOptions['start']): boolean {
  if (start === undefined || start === 'segmentation' || start === 'smaller-walk') return start === 'smaller-walk';
  throw new InvalidWalkSetting(`start must be 'segmentation' or 'smaller-walk', got '${start}'.`);
}

/** Sums of products with probabilities stay finite below it. */
const largestUsableDegree = 1e30;

/** How many colours a pixel has, alpha apart. */
function checkPicture({ height, width, data }: Picture): 1 | 3 {
  const perPixel = data.length / (height * width);
  if (!isSize(height) || !isSize(width) || ![1, 2, 3, 4].includes(perPixel)) {
    throw new InvalidWalkInput(
      `A picture must have one to four values for each of its height × width pixels, got ${data.length} values for ${height} × ${width}.`,
    );
  }
  const wrong = data instanceof Float32Array ? data.findIndex((value) => !Number.isFinite(value)) : -1;
  if (wrong >= 0) {
    throw new InvalidWalkInput(
      `The values of a picture must be finite, got ${data[wrong]} at ${pixelName(Math.floor(wrong / perPixel), width)}.`,
    );
  }
  return perPixel < 3 ? 1 : 3;
}

function checkProbabilities(picture: Picture, { height, width, classes, data }: ClassProbabilities): void {
  if (height !== picture.height || width !== picture.width) {
    throw new InvalidWalkInput(
      `Probabilities must have the size of their picture, ${picture.height} × ${picture.width}, got ${height} × ${width}. Resize one to the other first.`,
    );
  }
  if (!isSize(classes) || data.length !== height * width * classes) {
    throw new InvalidWalkInput(
      `Probabilities must be [height, width, classes], ${height} × ${width} × ${classes} values, got ${data.length}.`,
    );
  }
  for (let pixel = 0; pixel < height * width; pixel++) {
    let sum = 0;
    for (let index = pixel * classes; index < (pixel + 1) * classes; index++) {
      // A sum that is not a number, or infinite, is not near one; a negative value could hide in one that is.
      sum += data[index]! >= 0 ? data[index]! : Number.NaN;
    }
    if (!(Math.abs(sum - 1) <= sumTolerance)) {
      const values = [...data.subarray(pixel * classes, pixel * classes + Math.min(4, classes))];
      throw new InvalidWalkInput(
        `The probabilities of a pixel must be at least 0 and sum to one, got [${values}${classes > 4 ? ', …' : ''}] at ${pixelName(pixel, width)}. Put scores through a softmax first.`,
      );
    }
  }
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function pixelName(pixel: number, width: number): string {
  return `row ${Math.floor(pixel / width)}, column ${pixel % width}`;
}

/** One weight a colour. Grey stands for three equal colours, so that it has the sum of their weights. */
function weightsOf(weights: number | readonly number[], colours: 1 | 3): readonly number[] {
  const all =
    typeof weights === 'number' ? new Array<number>(colours).fill(colours === 1 ? 3 * weights : weights) : weights;
  if (all.length !== colours || !all.every(Number.isFinite)) {
    throw new InvalidWalkSetting(
      `affinityWeights must be a finite number, or one for each of the ${colours} colours of the picture, got [${weights}].`,
    );
  }
  return all;
}

/** Colours from 0 to 1, without alpha. */
function fillColours({ height, width, data }: Picture, colours: 1 | 3, features: Float32Array): void {
  const perPixel = data.length / (height * width);
  const scale = data instanceof Float32Array ? 1 : data instanceof Uint16Array ? 1 / 65_535 : 1 / 255;
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let colour = 0; colour < colours; colour++) {
      features[pixel * colours + colour] = scale * data[pixel * perPixel + colour]!;
    }
  }
}

function normaliseRows(y: Float32Array, classes: number): Float32Array {
  const rows = new Float32Array(y.length);
  for (let start = 0; start < y.length; start += classes) {
    let sum = 0;
    for (let index = start; index < start + classes; index++) sum += y[index]!;
    for (let index = start; index < start + classes; index++) rows[index] = y[index]! / sum;
  }
  return rows;
}
