/** The chart of Table 1; a pure function of the measurements. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { transformationNames } from '../analysis/transformations.ts';
import { invarianceMetrics, methodLabels, paperInvariant, tableMethods } from './invariance-metrics.ts';

/** One mark a seed, so that rounding and change are seen to be far apart. */
export function chartInvariances(measurements: readonly Measurement[]): Chart {
  // Bit-equal outputs have no logarithm: they are drawn at the left edge.
  const smallest = 1e-18;
  const cells = transformationNames.flatMap((transformation) =>
    tableMethods.map((method) => ({ transformation, method })),
  );
  const values = cells.flatMap(({ transformation, method }) =>
    measurements
      .filter((row) => row.subject === method && row.metric === invarianceMetrics.change(transformation))
      .map(({ value }) => ({
        change: transformation,
        method: methodLabels[method],
        'the paper says': paperInvariant[transformation].includes(method) ? 'invariant' : 'no',
        value: Number(Math.max(smallest, value).toPrecision(4)),
      })),
  );
  const domain = tableMethods.toReversed().map((method) => methodLabels[method]);
  return {
    title: 'What changes the outputs, and what does not',
    caption:
      'Relative change of the outputs, one mark a random layer; bit-equal outputs at the left edge. Circles: the paper says invariant; crosses: it says no.',
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      data: { values },
      mark: { type: 'point', filled: true, opacity: 0.7 },
      encoding: {
        x: {
          field: 'value',
          type: 'quantitative',
          title: 'relative change of the outputs',
          scale: { type: 'log', domain: [smallest, 10] },
          axis: { format: '~e', tickCount: 8 },
        },
        y: { field: 'change', type: 'nominal', title: null, sort: transformationNames, axis: { labelLimit: 260 } },
        yOffset: { field: 'method', scale: { domain } },
        color: { field: 'method', type: 'nominal', title: null, scale: { domain } },
        shape: {
          field: 'the paper says',
          type: 'nominal',
          scale: { domain: ['invariant', 'no'], range: ['circle', 'cross'] },
        },
      },
    },
  };
}
