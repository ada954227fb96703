/** The charts of `alpha`; pure functions of the measurements. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import {
  affinityKinds,
  affinityNames,
  alphaMetrics,
  subjectOf,
  valueNames,
  type WalkedValues,
} from './alpha-metrics.ts';
import { labelMetrics } from './label-measures.ts';
import { type Place, pairedSpread, spreadAt } from './over-seeds.ts';

const $schema = 'https://vega.github.io/schema/vega-lite/v6.json';
const width = 560;
const round = (value: number) => Number(value.toPrecision(5));

/** What the walk adds to the mean IoU, with one standard error either way. */
export function chartAlpha(rows: readonly Measurement[], diffusions: readonly number[]): Chart {
  const series = affinityKinds.flatMap((affinities) =>
    (Object.keys(valueNames) as WalkedValues[]).map((values) => ({
      subject: subjectOf(affinities, values),
      name: `${affinityNames[affinities]}, over ${valueNames[values]}`,
    })),
  );
  const values = series.flatMap(({ subject, name }) =>
    diffusions.flatMap((diffusion) => {
      const at = (step: number): Place => ({ metric: labelMetrics.meanIoU, subject, step });
      const change = pairedSpread(rows, at(diffusion), at(0));
      if (!change) return [];
      const [mean, error] = [100 * change.mean, 100 * change.standardError];
      return [
        { walk: name, weight: diffusion, mean: round(mean), low: round(mean - error), high: round(mean + error) },
      ];
    }),
  );
  const { x, color } = encodings(
    diffusions,
    series.map(({ name }) => name),
  );
  const y = (field: string) => ({ field, type: 'quantitative', title: 'change of mean IoU (points)' });
  return {
    title: 'Mean IoU by the weight of the walk',
    caption:
      'The walk of Eq. 1 to its limit minus no walk, paired by seed: mean and one standard error. Weights are not to scale.',
    spec: {
      $schema,
      width,
      data: { values },
      layer: [
        { mark: { type: 'rule' }, encoding: { x, y: y('low'), y2: { field: 'high' }, color } },
        { mark: { type: 'line', point: true }, encoding: { x, y: y('mean'), color } },
      ],
    },
  };
}

/** How many labels a walk changes, and how many of them only after the early steps. */
export function chartConvergence(rows: readonly Measurement[], diffusions: readonly number[]): Chart {
  const metrics = [alphaMetrics.changed, alphaMetrics.changedLate];
  const values = affinityKinds.flatMap((affinities) =>
    metrics.flatMap((metric) =>
      diffusions.flatMap((diffusion) => {
        const share = spreadAt(rows, { metric, subject: subjectOf(affinities, 'scores'), step: diffusion });
        if (!share || diffusion === 0) return [];
        return [{ walk: affinityNames[affinities], weight: diffusion, labels: metric, mean: round(100 * share.mean) }];
      }),
    ),
  );
  const { x, color } = encodings(
    diffusions.filter((diffusion) => diffusion > 0),
    affinityKinds.map((affinities) => affinityNames[affinities]),
  );
  return {
    title: 'Labels that the walk changes',
    caption:
      'Of all pixels, mean over seeds: by the walk at its limit, and of those the ones that differ from its early steps.',
    spec: {
      $schema,
      width,
      data: { values },
      mark: { type: 'line', point: true },
      encoding: {
        x,
        y: { field: 'mean', type: 'quantitative', title: 'pixels (%)' },
        color,
        strokeDash: {
          field: 'labels',
          type: 'nominal',
          title: null,
          legend: { orient: 'bottom', columns: 1, symbolType: 'stroke', symbolSize: 600 },
          scale: {
            domain: metrics,
            range: [
              [1, 0],
              [5, 3],
            ],
          },
        },
      },
    },
  };
}

function encodings(diffusions: readonly number[], names: readonly string[]) {
  const x = {
    field: 'weight',
    type: 'ordinal',
    title: 'weight of the walk in Eq. 1',
    sort: diffusions,
    axis: { labelAngle: 0 },
  };
  const color = {
    field: 'walk',
    type: 'nominal',
    title: null,
    scale: { domain: names },
    legend: { orient: 'bottom', columns: 1, labelLimit: 500 },
  };
  return { x, color };
}
