/** Figure 6's panels: a curve a network, one panel a size of minibatch. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import {
  curvesBySeed,
  describeSpread,
  networkLabels,
  normalizations,
  secondsPerUpdate,
  updatesPerEpoch,
} from './perceptron-curves.ts';
import type { CurveName } from './perceptron-metrics.ts';

const titles = {
  trainingLoss: { title: 'Training negative log likelihood', y: 'negative log likelihood (nats)' },
  testLoss: { title: 'Test negative log likelihood', y: 'negative log likelihood (nats)' },
  testError: { title: 'Test error', y: 'test error' },
  validationError: { title: 'Validation error', y: 'validation error' },
} as const satisfies Record<CurveName, { title: string; y: string }>;
const panelWidth = 270;
const sixDigits = (value: number) => Number(value.toPrecision(6));

/** Means over seeds with a band of one standard deviation, on a logarithmic scale. */
export function chartCurves(
  rows: readonly Measurement[],
  batchSizes: readonly number[],
  curve: CurveName,
  against: 'epochs' | 'seconds',
): Chart {
  const { title, y: yTitle } = titles[curve];
  return {
    title: `${title} against ${against}`,
    caption: `Figure 6: mean over seeds, the band one standard deviation over them; what the paper proposes solid, the others dashed.`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      hconcat: batchSizes.map((size) => ({
        title: `minibatches of ${size}`,
        width: panelWidth,
        height: panelWidth,
        layer: layersOf(pointsOf(rows, size, curve, against), yTitle, against),
      })),
    },
  };
}

function pointsOf(rows: readonly Measurement[], size: number, curve: CurveName, against: 'epochs' | 'seconds') {
  return normalizations.flatMap((subject) => {
    const perUpdate =
      against === 'seconds' ? secondsPerUpdate(rows, size, subject) : 1 / (updatesPerEpoch(rows, size) ?? 1);
    const points = [...curvesBySeed(rows, curve, size, subject).values()].flat();
    // Before the first measurement of the training there is nothing to compare, and it would set the scale.
    return [...Map.groupBy(points, ({ update }) => update)].flatMap(([update, ofUpdate]) => {
      const values = ofUpdate.map(({ value }) => value);
      const { mean, deviation } = describeSpread(values);
      if (update === 0 || perUpdate === undefined || !Number.isFinite(mean)) return [];
      // A logarithmic axis has no place for what a symmetric band may hold below the smallest value seen.
      const low = Math.max(mean - deviation, Math.min(...values));
      const [x, value, below, above] = [update * perUpdate, mean, low, mean + deviation].map(sixDigits);
      return [{ network: networkLabels[subject], x, value, low: below, high: above }];
    });
  });
}

function layersOf(values: readonly object[], yTitle: string, xTitle: string) {
  const domain = normalizations.map((subject) => networkLabels[subject]);
  const x = { field: 'x', type: 'quantitative', title: xTitle };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: yTitle,
    scale: { type: 'log', nice: false },
    axis: { format: '~g', tickCount: 6 },
  });
  // One legend for both layers: each names the same scale, and neither may take the legend away.
  const color = {
    field: 'network',
    type: 'nominal',
    title: null,
    scale: { domain },
    legend: { symbolType: 'stroke', symbolSize: 600 },
  };
  const range = normalizations.map((subject) => (subject === 'layer' ? [1, 0] : [6, 3]));
  return [
    {
      data: { values },
      mark: { type: 'area', clip: true },
      encoding: { x, y: y('low'), y2: { field: 'high' }, color },
    },
    {
      data: { values },
      mark: { type: 'line', clip: true },
      encoding: { x, y: y('value'), color, strokeDash: { ...color, scale: { domain, range } } },
    },
  ];
}
