/** Figure 5, redrawn from our measurements, and what the networks wrote, as Vega-Lite specifications with their data inline. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { curvesOf, secondsAnUpdate } from './compare-handwriting.ts';
import {
  type HandwritingSubject,
  handwritingSubjects,
  subjectLabels,
  trainingMetric,
  validationMetric,
  type WrittenText,
} from './handwriting-metrics.ts';

const schema = 'https://vega.github.io/schema/vega-lite/v6.json';
/** The first colour is for what the paper proposes. */
const order: readonly HandwritingSubject[] = ['layer', 'none'];
const domain = order.map((subject) => subjectLabels[subject]);

/** Against updates, and against seconds where an update's were measured. */
export function chartLearning(rows: readonly Measurement[]): readonly Chart[] {
  const seconds = new Map(handwritingSubjects.map((subject) => [subject, secondsAnUpdate(rows, subject)]));
  const isTimed = [...seconds.values()].every((value) => value !== undefined);
  const against = (title: string, scale: (subject: HandwritingSubject) => number, xTitle: string): Chart => ({
    title,
    caption:
      'Figure 5: mean over seeds, the band from the lowest to the highest seed; validation solid, training dashed (means over the minibatches between two measurements).',
    spec: { $schema: schema, ...layersOf(rows, scale, xTitle) },
  });
  return [
    against('Negative log likelihood against updates', () => 1, 'updates'),
    ...(isTimed
      ? [against('Negative log likelihood against time', (subject) => seconds.get(subject)!, 'seconds on one core')]
      : []),
  ];
}

function layersOf(rows: readonly Measurement[], scale: (subject: HandwritingSubject) => number, xTitle: string) {
  const values = [trainingMetric, validationMetric].flatMap((metric) =>
    order.flatMap((subject) => {
      const points = [...curvesOf(rows, subject, metric).values()].flat();
      return [...Map.groupBy(points, ({ step }) => step)].map(([step, own]) => {
        const seeds = own.map(({ value }) => value);
        return {
          network: subjectLabels[subject],
          lines: metric === validationMetric ? 'validation' : 'training',
          x: round(step * scale(subject)),
          mean: round(seeds.reduce((sum, value) => sum + value, 0) / seeds.length),
          low: round(Math.min(...seeds)),
          high: round(Math.max(...seeds)),
        };
      });
    }),
  );
  const x = { field: 'x', type: 'quantitative', title: xTitle, scale: { nice: false } };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'negative log likelihood (nats a point)',
    scale: { zero: false },
  });
  const color = {
    field: 'network',
    type: 'nominal',
    title: null,
    scale: { domain },
    legend: { symbolType: 'stroke', symbolSize: 600 },
  };
  const strokeDash = {
    field: 'lines',
    type: 'nominal',
    title: null,
    scale: {
      domain: ['validation', 'training'],
      range: [
        [1, 0],
        [6, 3],
      ],
    },
    legend: { symbolType: 'stroke', symbolSize: 600 },
  };
  return {
    data: { values },
    layer: [
      {
        transform: [{ filter: "datum.lines === 'validation'" }],
        mark: { type: 'area', clip: true },
        encoding: { x, y: y('low'), y2: { field: 'high' }, color },
      },
      { mark: { type: 'line', clip: true }, encoding: { x, y: y('mean'), color, strokeDash } },
    ],
  };
}

/** Pixels of a network's panel. */
const panelWidth = 330;
const lineHeight = 74;

/** Both networks' hands side by side, a line a text; strokes are lines of the picture, gaps between them are not drawn. */
export function chartWriting(written: readonly WrittenText[], bias: number): Chart {
  const keys = [...new Set(written.map(({ text, hand }) => `${hand} ${text}`))];
  // One scale for all, so that hands can be compared: a tenth of texts may leave the picture where a pen went astray.
  const heights = written.map((one) => extentOf(one, 'y')).sort((a, b) => a - b);
  const widths = written.map((one) => extentOf(one, 'x')).sort((a, b) => a - b);
  const unit = Math.max(typical(heights) / (0.55 * lineHeight), typical(widths) / (0.9 * panelWidth), Number.MIN_VALUE);
  const panel = (subject: HandwritingSubject) => {
    const own = written.filter((one) => one.subject === subject);
    const values = own.flatMap(({ text, hand, points }) => {
      const row = keys.indexOf(`${hand} ${text}`);
      const [left, middle] = [lowest(points, 'x'), (lowest(points, 'y') + highest(points, 'y')) / 2];
      return points.map(({ x, y, stroke }, point) => ({
        stroke: `${row}/${stroke}`,
        point,
        x: round((x - left) / unit + 4),
        y: round((y - middle) / unit - (row + 0.62) * lineHeight),
      }));
    });
    const labels = keys.map((key, row) => ({ text: key.slice(key.indexOf(' ') + 1), x: 4, y: -row * lineHeight - 12 }));
    const x = { field: 'x', type: 'quantitative', axis: null, scale: { domain: [0, panelWidth], nice: false } };
    const y = {
      field: 'y',
      type: 'quantitative',
      axis: null,
      scale: { domain: [-keys.length * lineHeight, 0], nice: false },
    };
    return {
      title: subjectLabels[subject],
      width: panelWidth,
      height: keys.length * lineHeight,
      layer: [
        {
          data: { values },
          mark: { type: 'line', clip: true, strokeWidth: 1.6, interpolate: 'linear' },
          encoding: {
            x,
            y,
            detail: { field: 'stroke', type: 'nominal' },
            order: { field: 'point', type: 'quantitative' },
            color: { value: subject === 'layer' ? '#d55e00' : '#0b84c4' },
          },
        },
        {
          data: { values: labels },
          mark: { type: 'text', align: 'left', fontSize: 11, opacity: 0.7 },
          encoding: { x, y, text: { field: 'text', type: 'nominal' } },
        },
      ],
    };
  };
  return {
    title: 'Written by the networks',
    caption: `Each text as the networks of seed 0 write it, twice, with a bias of ${bias} towards what is likely (Graves, §5.4): strokes drawn from the mixture density point by point, the text read through the window.`,
    spec: { $schema: schema, hconcat: handwritingSubjects.map(panel), spacing: 24 },
  };
}

type Points = WrittenText['points'];

function lowest(points: Points, axis: 'x' | 'y'): number {
  return points.reduce((least, point) => Math.min(least, point[axis]), Number.POSITIVE_INFINITY);
}

function highest(points: Points, axis: 'x' | 'y'): number {
  return points.reduce((most, point) => Math.max(most, point[axis]), Number.NEGATIVE_INFINITY);
}

function extentOf({ points }: WrittenText, axis: 'x' | 'y'): number {
  return highest(points, axis) - lowest(points, axis);
}

/** Nine tenths of the way up. */
function typical(sorted: readonly number[]): number {
  return sorted[Math.floor(0.9 * (sorted.length - 1))] ?? 0;
}

/** Five digits are more than a pixel shows, and keep reports small. */
function round(value: number): number {
  return Number(value.toPrecision(5));
}
