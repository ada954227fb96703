/** Figure 6, redrawn: the final loss by units, a panel each method, a line each depth, a row each activation. */
import type { Chart } from '../../pipeline/experiment.ts';
import type { MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import { roundForChart } from './chart-losses.ts';
import { activationLabels, type MeasuredCell } from './summarize-architecture-grid.ts';
import { subjectLabels, summarizeLosses } from './summarize-comparison.ts';

const panelWidth = 220;
const panelHeight = 200;
const methods = ['lstm', 'adam', 'nag'] as const;

export function chartGrid(
  grid: readonly MeasuredCell[],
  { horizonSteps, seeds }: { readonly horizonSteps: number; readonly seeds: number },
  trainedOn: MnistPerceptronSettings,
): Chart {
  const values = grid.flatMap(({ activation, layers, units, measurements }) =>
    methods.flatMap((subject) => {
      const losses = summarizeLosses(measurements, subject, horizonSteps);
      if (!losses) return [];
      const { mean, standardError } = losses;
      return [
        {
          network: `${activationLabels[activation]} networks`,
          method: subjectLabels[subject],
          layers: String(layers),
          units,
          loss: roundForChart(mean),
          low: roundForChart(Math.max(mean - 2 * standardError, mean / 2)),
          high: roundForChart(mean + 2 * standardError),
        },
      ];
    }),
  );
  const [units] = trainedOn.hidden;
  const trained = values.find(
    (value) =>
      value.method === subjectLabels.lstm &&
      value.network === `${activationLabels[trainedOn.activation]} networks` &&
      value.layers === String(trainedOn.hidden.length) &&
      value.units === units,
  );
  const x = {
    field: 'units',
    type: 'quantitative',
    title: 'hidden units',
    axis: { values: [...new Set(values.map((value) => value.units))], grid: false },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'final loss (nats)',
    scale: { type: 'log', nice: false },
    axis: { format: '~g', tickCount: 6 },
  });
  const colour = { field: 'layers', type: 'nominal', title: 'layers' };
  // A layer over all panels is filtered to the one that it belongs in; drawn from the common data, it needs no second facet.
  const isTrained = trained && `datum.method === '${trained.method}' && datum.network === '${trained.network}'`;
  const rule = (axis: 'x' | 'y', field: string) => ({
    transform: [
      { filter: `${isTrained} && datum.units === ${trained?.units} && datum.layers === '${trained?.layers}'` },
    ],
    mark: { type: 'rule', strokeDash: [4, 4] },
    encoding: { [axis]: axis === 'x' ? x : y(field) },
  });
  return {
    title: 'Final loss by architecture',
    caption: `Figure 6: mean final loss over ${seeds} fresh initializations, bars two standard errors; dashed, where the optimizer was trained and its final loss there. The baselines are tuned on each network. The ReLU networks are no part of the paper’s figure.`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      data: { values },
      facet: {
        column: { field: 'method', type: 'nominal', title: null, sort: methods.map((name) => subjectLabels[name]) },
        row: { field: 'network', type: 'nominal', title: null, sort: ['sigmoid networks', 'ReLU networks'] },
      },
      spec: {
        width: panelWidth,
        height: panelHeight,
        layer: [
          ...(trained ? [rule('x', 'units'), rule('y', 'loss')] : []),
          {
            mark: { type: 'rule', strokeWidth: 2 },
            encoding: { x, y: y('low'), y2: { field: 'high' }, color: colour },
          },
          { mark: { type: 'line', point: true }, encoding: { x, y: y('loss'), color: colour } },
        ],
      },
    },
  };
}
