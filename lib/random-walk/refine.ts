/**
 * Sharper segments from class probabilities and the picture that they are of: a random walk to convergence (§4.4) along
 * affinities of colours, by one call. Needs no TensorFlow.js.
 */

import { createRandomWalkKernel } from '../kernels/random-walk-kernel.ts';
import { type ClassSelection, selectClasses } from './active-classes.ts';
import { type Accuracy, type Convergence, converge, createWalk, type Solver } from './converge.ts';
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
  /**
   * What shall be right: `values`, to the tolerance, by default; or `labels`, each pixel's most probable class, which takes about
   * half of the time. About 0.1 % of the labels, or less, are then not yet those of the limit, as measured; values are only as
   * near as `errorBound` says, which is not near.
   */
  readonly accuracy?: Accuracy;
  /** The fastest by default: multigrid from α = 0.95 on, or 0.85 to labels, and Chebyshev's iteration below. */
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
 */
export function refine(
  picture: Picture,
  probabilities: ClassProbabilities,
  options: RefineOptions = {},
  createKernel: typeof createRandomWalkKernel = createRandomWalkKernel,
): RefinedProbabilities {
  const { alpha = 0.9, alphaWeighs = 'walk', radius = 5, affinityWeights = -15, tolerance = 1e-3 } = options;
  const { accuracy = 'values' } = options;
  const diffusion = diffusionOf(alpha, alphaWeighs);
  const { solver = fastestSolver(diffusion, radius, accuracy) } = options;
  const whole = createNeighbourhood(radius, options.neighbourhood);
  const { height, width, classes } = probabilities;
  const colours = checkPicture(picture);
  checkProbabilities(picture, probabilities);
  const isStarted = isSmallerWalk(options.start);
  // A smaller walk tells from the sums of rows what came from where: it needs all classes.
  const selection = selectClasses(probabilities.data, classes, accuracy, isStarted ? -1 : tolerance / 4);
  const neighbourhood = clipNeighbourhood(whole, height, width);
  const grid = { height, width, neighbourhood, classes: selection.active.length, channels: colours };
  const walk = createWalk(grid, solver, createKernel);
  fillColours(picture, colours, walk.features);
  walk.weights.set(weightsOf(affinityWeights, colours));
  const largestDegree = walk.computeAffinities();
  if (!(largestDegree < largestUsableDegree)) {
    throw new InvalidWalkSetting(
      `affinityWeights must not make affinities overflow, got [${walk.weights}] and sums of affinities up to ${largestDegree}. Negative weights keep affinities at most 1.`,
    );
  }
  fillActive(probabilities, selection, walk.values[0]!);
  if (isStarted) startFromSmallerWalk(walk, { ...grid, diffusion, tolerance });
  const settings = {
    diffusion,
    tolerance: accuracy === 'values' ? tolerance - selection.error : tolerance,
    solver,
    accuracy,
    isStarted,
  };
  const { y, steps, errorBound } = converge(walk, largestDegree, settings);
  const data = assembleRows(probabilities, selection, y, accuracy);
  return { height, width, classes, data, steps, errorBound: errorBound + selection.error };
}

/**
 * As measured on photographs: making groups takes about as long as five of Chebyshev's steps, of which there are few while the walk
 * weighs little, and its scratch grows with the fourth power of the radius.
 */
function fastestSolver(diffusion: number, radius: number, accuracy: Accuracy): Solver {
  return diffusion >= (accuracy === 'labels' ? 0.85 : 0.95) && radius <= 12 ? 'multigrid' : 'chebyshev';
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

function fillActive({ classes, data }: ClassProbabilities, { active }: ClassSelection, f: Float32Array): void {
  if (active.length === classes) {
    f.set(data);
    return;
  }
  for (let from = 0, at = 0; from < data.length; from += classes) {
    for (const k of active) f[at++] = data[from + k]!;
  }
}

/** Rows that sum to one, of all classes: those that were walked for, and the others as they are known to be. */
function assembleRows(
  { classes, data }: ClassProbabilities,
  { active, middles }: ClassSelection,
  y: Float32Array,
  accuracy: Accuracy,
): Float32Array {
  const rows = accuracy === 'labels' ? data.slice() : new Float32Array(data.length);
  const places = Int32Array.from(active);
  for (let start = 0, from = 0; start < rows.length; start += classes) {
    if (accuracy === 'values') for (let k = 0; k < classes; k++) rows[start + k] = middles[k]!;
    for (let place = 0; place < places.length; place++) rows[start + places[place]!] = y[from++]!;
    let sum = 0;
    for (let index = start; index < start + classes; index++) sum += rows[index]!;
    const scale = 1 / sum;
    for (let index = start; index < start + classes; index++) rows[index]! *= scale;
  }
  return rows;
}
