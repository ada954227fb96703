/** Figure 3's panels, and the decoders' cross-entropy against updates and seconds, as Vega-Lite specifications. */
import { spreadOf } from '../../numerics/spread.ts';
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { chartLearningCurves } from './chart-learning-curves.ts';
import {
  crossEntropyMetric,
  crossEntropyUnit,
  downstreamMeasures,
  encoderLabels,
  encoders,
} from './sentence-encoding-measures.ts';

const schema = 'https://vega.github.io/schema/vega-lite/v6.json';
const panelWidth = 220;

export function chartDownstream(rows: readonly Measurement[]): Chart {
  return {
    title: 'Figure 3: what the sentence vectors are good for, against updates',
    caption:
      'Mean over seeds, the band one standard deviation over them; layer normalization solid, plain dashed. At 0 the encoders are untrained.',
    spec: {
      $schema: schema,
      columns: 3,
      concat: downstreamMeasures.map(({ metric, label, unit }) => ({
        title: label,
        width: panelWidth,
        height: panelWidth,
        layer: layersOf(curvesOf(rows, metric), unit),
      })),
    },
  };
}

export function chartCrossEntropy(rows: readonly Measurement[]): Chart {
  return chartLearningCurves(rows, {
    title: 'Cross-entropy of the decoders on held-out text',
    caption: 'Mean over seeds, the band one standard error over them; seconds are updates times what an update takes.',
    metric: crossEntropyMetric,
    yTitle: crossEntropyUnit,
    subjects: { layer: encoderLabels.layer, none: encoderLabels.none },
  });
}

/** Six digits are more than a pixel shows, and keep reports small. */
const sixDigits = (value: number) => Number(value.toPrecision(6));

function curvesOf(rows: readonly Measurement[], metric: string) {
  return encoders.flatMap((subject) =>
    stepsOf(rows, { metric, subject }).flatMap((step) => {
      const spread = spreadOf([...valuesBySeed(rows, { metric, subject }, step).values()]);
      if (!spread) return [];
      const { mean, standardDeviation } = spread;
      const [value, low, high] = [mean, mean - standardDeviation, mean + standardDeviation].map(sixDigits);
      return [{ encoder: encoderLabels[subject], updates: step, value, low, high }];
    }),
  );
}

function layersOf(values: readonly object[], yTitle: string) {
  // The first colour is for what the paper proposes.
  const domain = [encoderLabels.layer, encoderLabels.none];
  const x = { field: 'updates', type: 'quantitative', title: 'updates', axis: { tickCount: 5 } };
  const y = (field: string) => ({ field, type: 'quantitative', title: yTitle, scale: { zero: false } });
  // One legend for both layers: each names the same scale, and neither may take the legend away.
  const legend = { symbolType: 'stroke', symbolSize: 600 };
  const color = { field: 'encoder', type: 'nominal', title: null, scale: { domain }, legend };
  const strokeDash = {
    ...color,
    scale: {
      domain,
      range: [
        [1, 0],
        [6, 3],
      ],
    },
  };
  return [
    { data: { values }, mark: 'area', encoding: { x, y: y('low'), y2: { field: 'high' }, color } },
    { data: { values }, mark: { type: 'line', point: true }, encoding: { x, y: y('value'), color, strokeDash } },
  ];
}
