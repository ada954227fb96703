/** Boundaries drawn into their photograph, which is faded: what a reader judges Table 4's numbers by. */
import type { Picture } from '../../datasets/decode-picture.ts';
import type { LabelMap } from '../../datasets/label-map.ts';
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import { labelBoundaries } from '../evaluation/boundary-strength.ts';
import { matchBoundaries } from '../evaluation/match-boundaries.ts';
import { thinBoundaries } from '../evaluation/thin-boundaries.ts';

const black = [0, 0, 0] as const;
/** Of the boundaries that have a partner in the ground truth, and that have none. */
const right = [0, 90, 160] as const;
const wrong = [213, 60, 0] as const;
const gap = 4;

/** The ground truth's boundaries in black, then each prediction's: with a true partner in blue, without in orange. */
export function drawBoundaries(
  name: string,
  photograph: Picture,
  truth: LabelMap,
  predictions: readonly LabelMap[],
  reach: number,
  ignored: Uint8Array,
): EvaluationImage {
  const { width, height } = photograph;
  const seen = (mask: Uint8Array) => {
    const known = mask.map((there, pixel) => (ignored[pixel] ? 0 : there));
    return thinBoundaries(known, width, height);
  };
  const drawn = seen(labelBoundaries(truth));
  const panels = [paint(photograph, (pixel) => (drawn[pixel] ? black : undefined))];
  for (const prediction of predictions) {
    const predicted = seen(labelBoundaries(prediction));
    const { matchedPredicted } = matchBoundaries(predicted, drawn, width, height, reach);
    panels.push(
      paint(photograph, (pixel) => (predicted[pixel] ? (matchedPredicted[pixel] ? right : wrong) : undefined)),
    );
  }
  return placeBeside(name, panels, width, height);
}

type Colour = readonly [number, number, number];

/** [height, width, 3]: the photograph faded to half, and colours where `colourOf` gives one. */
function paint({ rgb }: Picture, colourOf: (pixel: number) => Colour | undefined): Uint8Array {
  const painted = new Uint8Array(rgb.length);
  for (let pixel = 0; pixel < rgb.length / 3; pixel++) {
    const colour = colourOf(pixel);
    for (let channel = 0; channel < 3; channel++) {
      painted[3 * pixel + channel] = colour?.[channel] ?? Math.round(255 - (255 - rgb[3 * pixel + channel]!) * 0.45);
    }
  }
  return painted;
}

/** Panels [height, width, 3] beside each other, with transparent gaps. */
function placeBeside(name: string, panels: readonly Uint8Array[], width: number, height: number): EvaluationImage {
  const whole = panels.length * (width + gap) - gap;
  const rgba = new Uint8Array(4 * whole * height);
  for (const [place, panel] of panels.entries()) {
    for (let pixel = 0; pixel < width * height; pixel++) {
      const at = 4 * (Math.floor(pixel / width) * whole + place * (width + gap) + (pixel % width));
      rgba.set(panel.subarray(3 * pixel, 3 * pixel + 3), at);
      rgba[at + 3] = 255;
    }
  }
  return { name, width: whole, height, rgba: Buffer.from(rgba).toString('base64') };
}
