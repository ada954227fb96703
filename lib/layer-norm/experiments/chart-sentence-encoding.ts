/** Figure 3's panels, and the decoders' cross-entropy against updates and wall time, as Vega-Lite specifications. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { describeSpread, stepsOf, valuesBySeed } from './sentence-encoding-curves.ts';
import {
  crossEntropyMetric,
  downstreamMeasures,
  encoderLabels,
  encoders,
  secondsMetric,
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
        layer: layersOf(
          curvesOf(rows, metric, () => 1),
          'updates',
          unit,
        ),
      })),
    },
  };
}

export function chartCrossEntropy(rows: readonly Measurement[], against: 'updates' | 'seconds'): Chart {
  const perUpdate = (subject: string) =>
    against === 'updates' ? 1 : rows.find((row) => row.metric === secondsMetric && row.subject === subject)?.value;
  return {
    title: `Cross-entropy of the decoders on held-out text against ${against}`,
    caption: 'Mean over seeds, the band one standard deviation over them; layer normalization solid, plain dashed.',
    spec: {
      $schema: schema,
      layer: layersOf(curvesOf(rows, crossEntropyMetric, perUpdate), against, 'nats a word'),
    },
  };
}

/** Six digits are more than a pixel shows, and keep reports small. */
const sixDigits = (value: number) => Number(value.toPrecision(6));

/** @param perUpdate what an update takes on the x-axis; without it the encoder has no curve */
function curvesOf(rows: readonly Measurement[], metric: string, perUpdate: (subject: string) => number | undefined) {
  return encoders.flatMap((encoder) => {
    const width = perUpdate(encoder);
    if (width === undefined) return [];
    return stepsOf(rows, metric).flatMap((step) => {
      const spread = describeSpread([...valuesBySeed(rows, metric, encoder, step).values()]);
      if (!spread) return [];
      const { mean, deviation } = spread;
      const [x, value, low, high] = [step * width, mean, mean - deviation, mean + deviation].map(sixDigits);
      return [{ encoder: encoderLabels[encoder], x, value, low, high }];
    });
  });
}

function layersOf(values: readonly object[], xTitle: string, yTitle: string) {
  const domain = encoders.map((encoder) => encoderLabels[encoder]);
  const x = { field: 'x', type: 'quantitative', title: xTitle, axis: { tickCount: 5 } };
  const y = (field: string) => ({ field, type: 'quantitative', title: yTitle, scale: { zero: false } });
  // One legend for both layers: each names the same scale, and neither may take the legend away.
  const legend = { symbolType: 'stroke', symbolSize: 600 };
  const color = { field: 'encoder', type: 'nominal', title: null, scale: { domain }, legend };
  const strokeDash = {
    ...color,
    scale: { domain, range: encoders.map((encoder) => (encoder === 'layer' ? [1, 0] : [6, 3])) },
  };
  return [
    { data: { values }, mark: 'area', encoding: { x, y: y('low'), y2: { field: 'high' }, color } },
    { data: { values }, mark: { type: 'line', point: true }, encoding: { x, y: y('value'), color, strokeDash } },
  ];
}
