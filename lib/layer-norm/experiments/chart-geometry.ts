/** The charts of `geometry`; pure functions of the measurements. */
import type { Chart } from '../../pipeline/experiment.ts';
import type { SeedSpread } from '../../report/seed-spread.ts';
import type { Normalization } from '../analysis/normalized-layer.ts';
import { type GeometryNumbers, geometryMetrics, modelLabels, modelNames } from './geometry-metrics.ts';

const schema = 'https://vega.github.io/schema/vega-lite/v6.json';
const colour = {
  field: 'model',
  type: 'nominal',
  title: null,
  scale: { domain: modelNames.map((model) => modelLabels[model]) },
  legend: { symbolType: 'stroke', symbolSize: 600 },
};

interface Axis {
  readonly title: string;
  readonly log?: boolean;
}

/** Mean curves with the range over seeds as a band. */
function lines(values: readonly object[], x: Axis, y: Axis, options: { readonly points?: boolean } = {}) {
  const axis = ({ title, log }: Axis) => ({
    type: 'quantitative',
    title,
    scale: log ? { type: 'log', nice: false } : { zero: false },
    axis: { tickCount: 6, ...(log ? { format: '~g' } : {}) },
  });
  const encoding = { x: { field: 'x', ...axis(x) }, color: colour };
  return {
    layer: [
      {
        mark: { type: 'area' },
        encoding: { ...encoding, y: { field: 'low', ...axis(y) }, y2: { field: 'high' } },
      },
      {
        mark: { type: 'line', point: options.points ?? false },
        encoding: { ...encoding, y: { field: 'value', ...axis(y) } },
      },
    ],
    data: { values },
  };
}

function points(curve: readonly SeedSpread[], label: string): readonly object[] {
  const round = (value: number) => Number(value.toPrecision(5));
  // A logarithmic axis has no 0, and a training that diverged no height.
  return curve.flatMap(({ step, mean, least, greatest }) =>
    mean !== null && mean > 0 && mean < 1e300
      ? [
          {
            model: label,
            x: step,
            value: round(mean),
            low: round(Math.max(least!, mean / 1e3)),
            high: round(greatest!),
          },
        ]
      : [],
  );
}

export function chartGeometry(
  numbers: GeometryNumbers,
  { learningRates }: { readonly learningRates: readonly number[] },
): readonly Chart[] {
  const byModel = (curve: (model: Normalization) => readonly SeedSpread[]) =>
    modelNames.flatMap((model) => points(curve(model), modelLabels[model]));
  const errors = byModel((model) => numbers.curve(geometryMetrics.metricError('bernoulli'), model));
  if (errors.length === 0) return [];
  return [
    {
      title: 'The Riemannian metric is the divergence to second order',
      caption:
        '|KL − ½ δᵀFδ| for Bernoulli outputs against the length of a random step δ; the band is the range over seeds. A line that falls by three decades a decade is an error of third order.',
      spec: {
        $schema: schema,
        ...lines(errors, { title: '|δ|', log: true }, { title: '|KL − ds²| (nats)', log: true }, { points: true }),
      },
    },
    chartWidths(numbers),
    chartGrowth(numbers, learningRates),
    {
      title: 'Loss after training against the learning rate',
      caption:
        'Mean loss after gradient descent from the same weights on the same data; the band is the range over seeds. The growth of normalised weights takes back a rate that is too high.',
      spec: {
        $schema: schema,
        ...lines(
          byModel((model) =>
            learningRates
              .toSorted((a, b) => a - b)
              .flatMap((rate) => {
                const loss = numbers.value(geometryMetrics.loss(rate), model);
                return loss ? [{ ...loss, step: rate }] : [];
              }),
          ),
          { title: 'learning rate', log: true },
          { title: 'final loss (nats)', log: true },
          { points: true },
        ),
      },
    },
  ];
}

function chartWidths(numbers: GeometryNumbers): Chart {
  const labels = {
    ownBlocks: 'error, own blocks',
    wholeMatrix: 'error, whole matrix',
    printedAlongWeights: 'curvature along W (exact: 0)',
  } as const;
  const values = (Object.keys(labels) as (keyof typeof labels)[]).flatMap((name) =>
    points(numbers.curve(geometryMetrics[name], 'layer'), labels[name]),
  );
  const spec = lines(
    values,
    { title: 'units H', log: true },
    { title: 'relative to the exact matrix', log: true },
    { points: true },
  );
  for (const { encoding } of spec.layer) encoding.color = { ...colour, scale: { domain: Object.values(labels) } };
  return {
    title: 'What Eq. 13 leaves out under layer normalization',
    caption:
      'Relative error of Eq. 13’s matrix, and the curvature that it has along W as a share of a random direction’s, against the number of units; the band is the range over seeds.',
    spec: { $schema: schema, ...spec },
  };
}

/** At the highest rate but one, where the standard model is already too fast. */
function chartGrowth(numbers: GeometryNumbers, learningRates: readonly number[]): Chart {
  const rate = learningRates.toSorted((a, b) => b - a)[Math.min(1, learningRates.length - 1)]!;
  const panel = (metric: string, title: string) => ({
    ...lines(
      modelNames.flatMap((model) => points(numbers.curve(metric, model), modelLabels[model])),
      { title: 'update' },
      { title, log: true },
    ),
    width: 270,
    height: 260,
  });
  return {
    title: 'Weights grow, and turn less',
    caption: `Mean norm of the weight vectors and mean angle by which an update turns them, learning rate ${rate}; the band is the range over seeds.`,
    spec: {
      $schema: schema,
      hconcat: [
        panel(geometryMetrics.weightNorm(rate), '‖w‖'),
        panel(geometryMetrics.turning(rate), 'angle of an update (radians)'),
      ],
    },
  };
}
