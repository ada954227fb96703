/** Figure 5, redrawn from our measurements, and what the networks wrote, as Vega-Lite specifications with their data inline. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { chartLearningCurves } from './chart-learning-curves.ts';
import {
  type HandwritingSubject,
  handwritingSubjects,
  subjectLabels,
  trainingMetric,
  validationMetric,
  type WrittenText,
} from './handwriting-metrics.ts';

const schema = 'https://vega.github.io/schema/vega-lite/v6.json';

/** Figure 5: on held-out lines and on those that are trained on, each against updates and against seconds. */
export function chartLearning(rows: readonly Measurement[]): readonly Chart[] {
  const subjects = { layer: subjectLabels.layer, none: subjectLabels.none };
  const yTitle = 'negative log likelihood (nats a point)';
  return [
    chartLearningCurves(rows, {
      title: 'Negative log likelihood of held-out lines',
      caption: 'Figure 5, the test curves: means over seeds, the band one standard error.',
      metric: validationMetric,
      yTitle,
      subjects,
    }),
    chartLearningCurves(rows, {
      title: 'Negative log likelihood of the lines that are trained on',
      caption: 'Figure 5, the training curves: means over the minibatches between two measurements, and over seeds.',
      metric: trainingMetric,
      yTitle,
      subjects,
    }),
  ];
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
