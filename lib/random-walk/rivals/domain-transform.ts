/**
 * The edge-aware filter of DeepLab-DT, in its recursive form: E. Gastal and M. Oliveira, Domain transform for edge-aware image and video
 * processing (2011), §4.3. Along a row (then a column), neighbours are d = 1 + (σs / σr) Σₖ |Iₖ′| apart, and each value moves towards
 * the one before it, J[n] ← (1 − aᵈ) J[n] + aᵈ J[n − 1], there and back. DeepLab-DT (Chen et al. 2016) learns an edge map in place of
 * the colours' differences; here they are the picture's own.
 */
import { InvalidRefinement } from './errors.ts';
import { checkPositive, checkProbabilities, coloursOf, type Refinement } from './refinement.ts';

export interface DomainTransformOptions {
  /** σs, in pixels; by default 60. */
  readonly spatialScale?: number;
  /** σr, the difference of colours, from 0 to 1 and summed over channels, that counts for as much; by default 0.4. */
  readonly rangeScale?: number;
  /** Passes over rows and columns, each half as wide as the one before; by default 3. */
  readonly iterations?: number;
}

/** Throws InvalidRefinement where a parameter is out of its range. */
export function domainTransformFilter({
  spatialScale = 60,
  rangeScale = 0.4,
  iterations = 3,
}: DomainTransformOptions = {}): Refinement {
  checkPositive({ spatialScale, rangeScale });
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > 30) {
    throw new InvalidRefinement(`iterations must be a whole number from 1 to 30, got ${iterations}.`);
  }
  return (picture, probabilities) => {
    checkProbabilities(picture, probabilities);
    const { width, height, classes } = probabilities;
    const colours = coloursOf(picture);
    const ratio = spatialScale / rangeScale;
    const toLeft = distances(colours, 1, ratio);
    const toTop = distances(colours, width, ratio);
    const data = probabilities.data.slice();
    for (let iteration = 1; iteration <= iterations; iteration++) {
      // Their variances sum to σs².
      const scale = (spatialScale * Math.sqrt(3) * 2 ** (iterations - iteration)) / Math.sqrt(4 ** iterations - 1);
      const feedback = (distance: number) => Math.exp((-Math.SQRT2 / scale) * distance);
      const across = toLeft.map(feedback);
      for (let y = 0; y < height; y++) filterLine(data, classes, across, y * width, 1, width);
      const down = toTop.map(feedback);
      for (let x = 0; x < width; x++) filterLine(data, classes, down, x, width, height);
    }
    return { width, height, classes, data };
  };
}

/** [height, width]: each pixel's distance, in the transformed domain, to the one `step` before it. What the first of a line has is not read. */
function distances(colours: Float32Array, step: number, ratio: number): Float32Array {
  const result = new Float32Array(colours.length / 3);
  for (let pixel = step; pixel < result.length; pixel++) {
    let difference = 0;
    for (let channel = 0; channel < 3; channel++) {
      difference += Math.abs(colours[3 * pixel + channel]! - colours[3 * (pixel - step) + channel]!) / 255;
    }
    result[pixel] = 1 + ratio * difference;
  }
  return result;
}

/** There and back along the `length` pixels start, start + stride, …; `weights` are aᵈ. */
function filterLine(
  values: Float32Array,
  classes: number,
  weights: Float32Array,
  start: number,
  stride: number,
  length: number,
): void {
  for (let n = 1; n < length; n++) {
    const pixel = start + n * stride;
    moveTowards(values, classes, pixel, pixel - stride, weights[pixel]!);
  }
  for (let n = length - 2; n >= 0; n--) {
    const pixel = start + n * stride;
    moveTowards(values, classes, pixel, pixel + stride, weights[pixel + stride]!);
  }
}

function moveTowards(values: Float32Array, classes: number, pixel: number, other: number, weight: number): void {
  for (let label = 0; label < classes; label++) {
    const value = values[pixel * classes + label]!;
    values[pixel * classes + label] = value + weight * (values[other * classes + label]! - value);
  }
}
