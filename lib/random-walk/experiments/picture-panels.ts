/** Pictures beside each other, as the paper's figures show them, for the report. */
import type { Picture } from '../../datasets/decode-picture.ts';
import type { LabelMap } from '../../datasets/label-map.ts';
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import { classColour } from './class-colours.ts';

const gap = 4;

/** Each label in its class's colour, void black. */
export function paintLabels({ width, height, labels }: LabelMap): Picture {
  const rgb = new Uint8Array(3 * labels.length);
  for (const [pixel, label] of labels.entries()) rgb.set(classColour(label), 3 * pixel);
  return { width, height, rgb };
}

/** Each pixel as a square of so many pixels' side. */
export function enlargePicture({ width, height, rgb }: Picture, factor: number): Picture {
  const enlarged = new Uint8Array(rgb.length * factor * factor);
  for (let y = 0; y < height * factor; y++) {
    for (let x = 0; x < width * factor; x++) {
      const from = 3 * (Math.floor(y / factor) * width + Math.floor(x / factor));
      enlarged.set(rgb.subarray(from, from + 3), 3 * (y * width * factor + x));
    }
  }
  return { width: width * factor, height: height * factor, rgb: enlarged };
}

/** Rows from top to bottom, each from left to right, with transparent gaps. */
export function arrangePanels(name: string, rows: readonly (readonly Picture[])[]): EvaluationImage {
  const rowWidths = rows.map((row) => row.reduce((sum, panel) => sum + panel.width + gap, -gap));
  const rowHeights = rows.map((row) => Math.max(...row.map((panel) => panel.height)));
  const width = Math.max(...rowWidths);
  const height = rowHeights.reduce((sum, rowHeight) => sum + rowHeight + gap, -gap);
  const rgba = new Uint8Array(4 * width * height);
  let top = 0;
  for (const [index, row] of rows.entries()) {
    let left = 0;
    for (const panel of row) {
      for (let pixel = 0; pixel < panel.width * panel.height; pixel++) {
        const [x, y] = [left + (pixel % panel.width), top + Math.floor(pixel / panel.width)];
        rgba.set(panel.rgb.subarray(3 * pixel, 3 * pixel + 3), 4 * (y * width + x));
        rgba[4 * (y * width + x) + 3] = 255;
      }
      left += panel.width + gap;
    }
    top += rowHeights[index]! + gap;
  }
  return { name, width, height, rgba: Buffer.from(rgba).toString('base64') };
}
