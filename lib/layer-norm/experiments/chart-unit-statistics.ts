/** How units behave by their distance from the image's edge: the reason that §6.7 gives for what it found. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { estimateOf, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { convnetModels, normalizations, unitDeviationMetric, unitsOnMetric } from './convnet-metrics.ts';

/** A row of panels a measure, a panel a layer; undefined where nothing was measured. */
export function chartUnitStatistics(rows: readonly Measurement[], layers: number): Chart | undefined {
  const panels = [
    { metricOf: unitsOnMetric, title: 'share of images (on)', domain: [0, 1] },
    { metricOf: unitDeviationMetric, title: 'standard deviation', domain: undefined },
  ].map(({ metricOf, title, domain }) => ({
    hconcat: Array.from({ length: layers }, (_, layer) => panelOf(rows, metricOf(layer), title, layer, domain)),
  }));
  if (panels.every(({ hconcat }) => hconcat.every(({ data }) => data.values.length === 0))) return;
  return {
    title: 'Units by their distance from the image’s edge',
    caption:
      'Mean over the units at that distance and over seeds, on test images: how often a unit of a layer is turned on, and how much its input to the rectifier (after normalization, gain and bias) varies from image to image.',
    spec: { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', vconcat: panels },
  };
}

function panelOf(
  rows: readonly Measurement[],
  metric: string,
  title: string,
  layer: number,
  domain: readonly number[] | undefined,
) {
  const values = normalizations.flatMap((subject) =>
    stepsOf(rows, { metric, subject }).map((distance) => ({
      model: convnetModels[subject],
      distance,
      value: Number(estimateOf([...valuesBySeed(rows, { metric, subject }, distance).values()]).mean.toPrecision(5)),
    })),
  );
  return {
    title: `layer ${layer + 1}`,
    width: 280,
    height: 220,
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'distance',
        type: 'quantitative',
        title: 'distance from the edge (places)',
        axis: { tickMinStep: 1 },
      },
      y: { field: 'value', type: 'quantitative', title, scale: { zero: true, ...(domain && { domain }) } },
      color: { field: 'model', type: 'nominal', title: null, scale: { domain: Object.values(convnetModels) } },
    },
  };
}
