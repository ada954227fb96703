/** What is measured of the handwriting networks, as rows: names, and strokes written as numbers and read again. */
import type { PenLineSource } from '../../datasets/pen-lines.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import type { WrittenPoint } from '../models/write-text.ts';
import { validationMeasure } from '../training/handwriting.ts';

/** Plain and layer-normalised; the values of `normalization`. */
export const handwritingSubjects = ['none', 'layer'] as const;
export type HandwritingSubject = (typeof handwritingSubjects)[number];
export const subjectLabels: Readonly<Record<HandwritingSubject, string>> = { none: 'LSTM', layer: 'LN-LSTM' };

/** Columns of the learning curve, nats a point. */
export const trainingMetric = 'trainingLoss';
export const validationMetric = validationMeasure;
/** Of the best network, with each line's text exchanged for another line's: how much the network reads. */
export const exchangedMetric = 'validation negative log likelihood with exchanged texts';
export const perLineMetric = 'points of a validation line';
export const finishedMetric = 'texts written to their end';
export const nats = 'nats a point';

/** A row that says where the lines came from: nothing else of the dataset reaches the summary. */
export function sourceMetric(source: PenLineSource): string {
  return `lines of ${source}`;
}

/** A text that a network wrote. */
export interface WrittenText {
  readonly subject: string;
  readonly text: string;
  /** Which of several times that it was written. */
  readonly hand: number;
  readonly points: readonly WrittenPoint[];
}

const axes = ['x', 'y', 'stroke'] as const;
const separator = ' of written text ';

/** Three rows a point, of the metrics `x of written text 0: layer`, `y of …` and `stroke of …`. */
export function strokesToRows({ subject, text, hand, points }: WrittenText, seed: number): readonly Measurement[] {
  return axes.flatMap((axis) =>
    points.map((point, step) => ({
      metric: `${axis}${separator}${hand}: ${text}`,
      subject,
      step,
      seed,
      // Drawn at a few hundred pixels: five digits are enough.
      value: Number(point[axis].toPrecision(5)),
      unit: axis === 'stroke' ? 'number' : 'units of the lines',
    })),
  );
}

/** All texts of `strokesToRows`, in the order in which they were written. */
export function strokesFromRows(rows: readonly Measurement[]): readonly WrittenText[] {
  const values = new Map<string, Map<string, number[]>>();
  for (const { metric, subject, step, value } of rows) {
    const [axis, what] = metric.split(separator);
    if (what === undefined) continue;
    const key = JSON.stringify([subject, what]);
    const found = values.get(key) ?? new Map(axes.map((name) => [name, []]));
    found.get(axis!)![step] = value;
    values.set(key, found);
  }
  return [...values].map(([key, found]) => {
    const [subject, what] = JSON.parse(key) as [string, string];
    const colon = what.indexOf(': ');
    const [x, y, stroke] = axes.map((axis) => found.get(axis)!) as [number[], number[], number[]];
    const points = x.map((value, step) => ({ x: value, y: y[step]!, stroke: stroke[step]! }));
    return { subject, text: what.slice(colon + 2), hand: Number(what.slice(0, colon)), points };
  });
}
