/** Learned affinities to look at: those of a few pixels to their neighbourhood, beside the picture and its labels. */
import type { Picture } from '../../datasets/decode-picture.ts';
import type { LabelledPicture } from '../../datasets/labelled-pictures.ts';
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import { boundarySides } from '../evaluation/trimap-error.ts';
import type { SegmentedPicture } from '../segmenter.ts';
import { spreadNames } from '../training/scaled-images.ts';
import type { Colour } from './class-colours.ts';
import { arrangePanels, enlargePicture, paintLabels } from './picture-panels.ts';

/** Dark blue: what is no neighbour. */
const outside: Colour = [38, 44, 84];
const magnification = 9;

/**
 * w of a pixel to those within the disc of radius R around it, itself included.
 *
 * @param weights θ [channels]
 * @returns [2R + 1, 2R + 1]; NaN beyond the disc and beyond the picture
 */
export function affinitiesAround(
  { height, width, channels, features }: SegmentedPicture,
  weights: ArrayLike<number>,
  radius: number,
  pixel: number,
): Float64Array {
  const side = 2 * radius + 1;
  const [row, column] = [Math.floor(pixel / width), pixel % width];
  return Float64Array.from({ length: side * side }, (_, place) => {
    const [down, right] = [Math.floor(place / side) - radius, (place % side) - radius];
    const [y, x] = [row + down, column + right];
    if (down ** 2 + right ** 2 > radius ** 2 || y < 0 || x < 0 || y >= height || x >= width) return Number.NaN;
    let exponent = 0;
    for (let k = 0; k < channels; k++) {
      exponent += weights[k]! * Math.abs(features[pixel * channels + k]! - features[(y * width + x) * channels + k]!);
    }
    return Math.exp(exponent);
  });
}

/** Pixels at boundaries of the truth whose neighbourhood lies within the picture, spread evenly over them in reading order. */
export function pixelsAtBoundaries(truth: LabelledPicture, radius: number, count: number): readonly number[] {
  const { width, height } = truth;
  const sides = boundarySides(truth);
  const fits = (pixel: number) => {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return y >= radius && x >= radius && y < height - radius && x < width - radius;
  };
  const found = [...sides.keys()].filter((pixel) => sides[pixel] && fits(pixel));
  return spreadNames(found.map(String), count).map(Number);
}

/**
 * A column a pixel: the picture around it, its labels, its affinities from black (0) to white (the largest to a neighbour: a walk
 * goes by their ratios); undefined without pixels.
 */
export function drawAffinities(
  name: string,
  picture: LabelledPicture,
  segmented: SegmentedPicture,
  weights: ArrayLike<number>,
  radius: number,
  count: number,
): EvaluationImage | undefined {
  const pixels = pixelsAtBoundaries(picture, radius, count);
  if (pixels.length === 0) return;
  const labels = paintLabels(picture);
  const around = (whole: Picture) => pixels.map((pixel) => enlargePicture(patch(whole, radius, pixel), magnification));
  const maps = pixels.map((pixel) => {
    const affinities = affinitiesAround(segmented, weights, radius, pixel);
    const middle = (affinities.length - 1) / 2;
    const largest = Math.max(...affinities.filter((affinity, place) => place !== middle && affinity >= 0));
    const greys = [...affinities].flatMap((affinity) => {
      const grey = Math.round(255 * Math.min(1, affinity / largest));
      return Number.isNaN(affinity) ? outside : [grey, grey, grey];
    });
    const side = 2 * radius + 1;
    return enlargePicture({ width: side, height: side, rgb: Uint8Array.from(greys) }, magnification);
  });
  return arrangePanels(name, [around(picture), around(labels), maps]);
}

function patch({ width, rgb }: Picture, radius: number, pixel: number): Picture {
  const side = 2 * radius + 1;
  const patched = new Uint8Array(3 * side * side);
  const corner = pixel - radius * width - radius;
  for (let row = 0; row < side; row++) {
    const from = 3 * (corner + row * width);
    patched.set(rgb.subarray(from, from + 3 * side), 3 * row * side);
  }
  return { width: side, height: side, rgb: patched };
}
