/** Boundaries drawn into their photograph, which is faded: what a reader judges Table 4's numbers by. */
import type { Picture } from '../../datasets/decode-picture.ts';
import type { LabelMap } from '../../datasets/label-map.ts';
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import { labelBoundaries } from '../evaluation/boundary-strength.ts';
import { matchBoundaries } from '../evaluation/match-boundaries.ts';
import { thinBoundaries } from '../evaluation/thin-boundaries.ts';
import { arrangePanels } from './picture-panels.ts';

const black = [0, 0, 0] as const;
/** Of the boundaries that have a partner in the ground truth, and that have none. */
const right = [0, 90, 160] as const;
const wrong = [213, 60, 0] as const;

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
  return arrangePanels(name, [panels]);
}

type Colour = readonly [number, number, number];

/** The photograph faded to half, and colours where `colourOf` gives one. */
function paint({ width, height, rgb }: Picture, colourOf: (pixel: number) => Colour | undefined): Picture {
  const painted = new Uint8Array(rgb.length);
  for (let pixel = 0; pixel < rgb.length / 3; pixel++) {
    const colour = colourOf(pixel);
    for (let channel = 0; channel < 3; channel++) {
      painted[3 * pixel + channel] = colour?.[channel] ?? Math.round(255 - (255 - rgb[3 * pixel + channel]!) * 0.45);
    }
  }
  return { width, height, rgb: painted };
}
