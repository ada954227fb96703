/** Figure 7, and how far the labels are from the converged ones; pure functions of the measurements. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { labelMetrics } from './label-measures.ts';
import { spreadAt } from './over-seeds.ts';
import { differentLabels, measuredEnds, placeOf, type WalkEnd } from './walk-steps-metrics.ts';

const round = (value: number) => Number(value.toPrecision(6));
const labelOf = (end: WalkEnd) => (end === 'limit' ? '∞' : String(end));

export function chartAccuracy(rows: readonly Measurement[]): Chart {
  return {
    title: 'Mean IoU against the number of random walk steps',
    caption:
      'Figure 7: mean over seeds, the band one standard error; ∞ is the limit. The paper’s curve, on VOC’s images, goes from about 73.5 % to 75.8 %. Steps are not to scale, as in the paper.',
    spec: lineAndBand(rows, labelMetrics.meanIoU, 'mean IoU (%)'),
  };
}

export function chartDifferentLabels(rows: readonly Measurement[]): Chart {
  return {
    title: 'Labels that differ from the converged ones',
    caption: 'Share of all pixels, mean over seeds, the band one standard error.',
    spec: lineAndBand(rows, differentLabels, 'pixels (%)'),
  };
}

function lineAndBand(rows: readonly Measurement[], metric: string, title: string): Readonly<Record<string, unknown>> {
  const ends = measuredEnds(rows);
  const values = ends.flatMap((end) => {
    const spread = spreadAt(rows, placeOf(metric, end));
    if (!spread) return [];
    const [mean, error] = [100 * spread.mean, 100 * spread.standardError];
    return [{ steps: labelOf(end), mean: round(mean), low: round(mean - error), high: round(mean + error) }];
  });
  const x = {
    field: 'steps',
    type: 'ordinal',
    title: 'number of random walk steps',
    sort: ends.map(labelOf),
    axis: { labelAngle: 0 },
  };
  // The first of the report's colours.
  const color = { datum: title, type: 'nominal', legend: null };
  const y = (field: string) => ({ field, type: 'quantitative', title, scale: { zero: false } });
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 560,
    data: { values },
    layer: [
      { mark: { type: 'area' }, encoding: { x, y: y('low'), y2: { field: 'high' }, color } },
      { mark: { type: 'line', point: true }, encoding: { x, y: y('mean'), color } },
    ],
  };
}
