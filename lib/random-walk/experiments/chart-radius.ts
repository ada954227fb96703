/** Accuracy and time of a prediction against the radius of its walk. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { spreadAt } from './over-seeds.ts';
import { betweenScores, denseCrfRefined, pictureTimeMetric, unrefined } from './radius-subjects.ts';
import { describeDataset, meanIoUMetric } from './segmentation-metrics.ts';

/** undefined where no walk was measured. */
export function chartRadius(rows: readonly Measurement[], longestSide: number): Chart | undefined {
  const points = (metric: string) => {
    const keys = new Set(rows.filter((row) => row.metric === metric).map(({ subject, step }) => `${step} ${subject}`));
    return [...keys].flatMap((key) => {
      const [radius, subject] = [Number(key.slice(0, key.indexOf(' '))), key.slice(key.indexOf(' ') + 1)];
      const [network, prediction] = subject.split(': ') as [string, string];
      if ([unrefined, denseCrfRefined, betweenScores].includes(prediction)) return [];
      const { mean, standardError } = spreadAt(rows, { metric, subject, step: radius })!;
      const round = (value: number) => Number(value.toPrecision(5));
      const [low, high] = [round(mean - standardError), round(mean + standardError)];
      return [{ network, prediction, radius, mean: round(mean), low, high }];
    });
  };
  const accuracies = points(meanIoUMetric);
  if (accuracies.length === 0) return;
  return {
    title: 'Accuracy and time by radius',
    caption: `On ${describeDataset(rows)}: mean over seeds, bars of one standard error. R in pixels, on a logarithmic axis; 500/${longestSide} times as many on the paper’s pictures.`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      hconcat: [
        panelOf(accuracies, 'mean IoU', { zero: false }),
        panelOf(points(pictureTimeMetric), 'seconds a picture', { type: 'log' }),
      ],
    },
  };
}

function panelOf(values: readonly unknown[], title: string, scale: object) {
  const x = { field: 'radius', type: 'quantitative', title: 'R (pixels)', scale: { type: 'log', nice: false } };
  const y = (field: string) => ({ field, type: 'quantitative', title, scale: { nice: false, ...scale } });
  const color = { field: 'prediction', type: 'nominal', title: 'prediction' };
  const shape = { field: 'network', type: 'nominal', title: 'network' };
  return {
    width: 280,
    height: 280,
    data: { values },
    layer: [
      { mark: 'rule', encoding: { x, y: y('low'), y2: { field: 'high' }, color } },
      { mark: 'line', encoding: { x, y: y('mean'), color, detail: shape } },
      { mark: { type: 'point', filled: true, size: 60 }, encoding: { x, y: y('mean'), color, shape } },
    ],
  };
}
