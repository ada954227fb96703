/** A series of pictures, encoded once for the page and for the files beside the Markdown. */
import type { SummaryImageSeries } from '../pipeline/experiment.ts';
import { encodePng } from './encode-png.ts';
import { InvalidImageSeries } from './errors.ts';

export interface DrawnSeries extends Pick<SummaryImageSeries, 'title' | 'caption' | 'variable'> {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly DrawnFrame[];
}

export interface DrawnFrame {
  readonly label: string;
  readonly png: Buffer;
  /** Its name beside the report: `series-1-frame-3.png`. */
  readonly file: string;
}

/**
 * Throws InvalidImageSeries where frames cannot take turns, InvalidImage where one has too few bytes or too many.
 *
 * @param number the series' own within the report, from 1
 */
export function drawSeries(series: SummaryImageSeries, number: number): DrawnSeries {
  const { title, caption, variable, frames } = series;
  const [first] = frames;
  if (!first || frames.length < 2) throw new InvalidImageSeries(title, `it has ${frames.length} frames`);
  const { width, height } = first;
  const other = frames.find((frame) => frame.width !== width || frame.height !== height);
  if (other) {
    throw new InvalidImageSeries(
      title,
      `'${first.label}' has ${width} × ${height} pixels and '${other.label}' ${other.width} × ${other.height}`,
    );
  }
  const labels = frames.map(({ label }) => label);
  const repeated = labels.find((label, index) => label === '' || labels.indexOf(label) < index);
  if (repeated !== undefined) throw new InvalidImageSeries(title, `the label '${repeated}' tells no frames apart`);
  return {
    title,
    caption,
    variable,
    width,
    height,
    frames: frames.map(({ label, rgba }, index) => ({
      label,
      png: encodePng({ title: `${title}: ${label}`, width, height, rgba }),
      file: `series-${number}-frame-${index + 1}.png`,
    })),
  };
}
