/** The charts of `recurrent-dynamics`; pure functions of the measurements. */
import { spreadOf } from '../../numerics/spread.ts';
import type { Chart } from '../../pipeline/experiment.ts';
import {
  cellLabels,
  cellSubject,
  classifierNames,
  dynamicsCells,
  dynamicsMetrics,
  pauseLabel,
  testedLabels,
  testedNames,
} from './dynamics-metrics.ts';
import type { DynamicsNumbers, DynamicsSummaryParams } from './dynamics-numbers.ts';

const schema = 'https://vega.github.io/schema/vega-lite/v6.json';
const legend = { symbolType: 'stroke', symbolSize: 600 };

/** Charts of what was measured: without a network or without a training there is none of it. */
export function chartDynamics(numbers: DynamicsNumbers, params: DynamicsSummaryParams): readonly Chart[] {
  return [
    chartSteps(numbers, params, {
      metric: (scale) => dynamicsMetrics.gradient('recurrent', scale),
      title: 'Gradients through time in untrained networks',
      caption:
        'Norm of the gradient with respect to the state after each step, of a random projection of the last state; means over seeds. Colours: what the recurrent weights are multiplied by; solid: layer norm, dashed: plain.',
      y: 'norm of the gradient',
    }),
    chartSteps(numbers, params, {
      metric: (scale) => dynamicsMetrics.summedInputs('recurrent', scale),
      title: 'Summed inputs through time in untrained networks',
      caption:
        'Root mean square of W_h h + W_x x, before any normalization; digits drive the networks for the first steps, then there is silence. Colours and dashes as above.',
      y: 'rms of the summed inputs',
    }),
    chartLengths(numbers, params),
    chartCurves(numbers, params),
  ].flatMap((chart) => (chart ? [chart] : []));
}

interface StepChart {
  readonly metric: (scale: number) => string;
  readonly title: string;
  readonly caption: string;
  readonly y: string;
}

/** What is below this is nothing: a line that falls through it ends there. */
const leastShown = 1e-12;

function chartSteps(
  numbers: DynamicsNumbers,
  { scales }: DynamicsSummaryParams,
  { metric, title, caption, y }: StepChart,
): Chart | undefined {
  const normalizations = { layer: 'layer norm', none: 'plain' } as const;
  const values = dynamicsCells.flatMap((cell) =>
    (['none', 'layer'] as const).flatMap((normalization) =>
      scales.flatMap((scale) => {
        const subject = cellSubject(cell, normalization);
        return numbers.steps(metric(scale), subject).flatMap((step) => {
          const value = numbers.mean(metric(scale), subject, step)!;
          if (!(value >= leastShown && Number.isFinite(value))) return [];
          return [
            {
              network: cellLabels[cell],
              step,
              value: Number(value.toPrecision(4)),
              scale: `× ${scale}`,
              normalization: normalizations[normalization],
            },
          ];
        });
      }),
    ),
  );
  if (values.length === 0) return undefined;
  const panel = (cell: (typeof dynamicsCells)[number], index: number) => ({
    title: cellLabels[cell],
    width: 180,
    height: 260,
    data: { values: values.filter(({ network }) => network === cellLabels[cell]) },
    mark: { type: 'line' },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'time step', axis: { tickCount: 5 } },
      y: {
        field: 'value',
        type: 'quantitative',
        title: index === 0 ? y : null,
        scale: { type: 'log', nice: false },
        axis: { format: '~e', tickCount: 6 },
      },
      color: {
        field: 'scale',
        type: 'nominal',
        title: null,
        scale: { domain: scales.map((scale) => `× ${scale}`) },
        legend,
      },
      strokeDash: {
        field: 'normalization',
        type: 'nominal',
        title: null,
        scale: {
          domain: Object.values(normalizations),
          range: [
            [1, 0],
            [5, 3],
          ],
        },
        legend,
      },
    },
  });
  return { title, caption, spec: { $schema: schema, hconcat: dynamicsCells.map(panel) } };
}

function chartLengths(numbers: DynamicsNumbers, { steps, pauses }: DynamicsSummaryParams): Chart | undefined {
  const panels = pauses.flatMap((pause) => {
    const metric = dynamicsMetrics.accuracy(pause);
    const values = testedNames.flatMap((name) =>
      numbers.steps(metric, name).map((end) => {
        const accuracies = [...numbers.at(metric, name, end).values()];
        return {
          model: testedLabels[name],
          end,
          accuracy: Number(spreadOf(accuracies)!.mean.toPrecision(4)),
          low: Math.min(...accuracies),
          high: Math.max(...accuracies),
        };
      }),
    );
    return values.length > 0 ? [{ pause, values }] : [];
  });
  if (panels.length === 0) return undefined;
  const domain = testedNames.map((name) => testedLabels[name]);
  const y = (field: string) => ({ field, type: 'quantitative', title: 'accuracy', scale: { zero: false } });
  const x = { field: 'end', type: 'quantitative', title: 'digits up to step' };
  const color = {
    field: 'model',
    type: 'nominal',
    title: null,
    scale: { domain },
    legend: { ...legend, orient: 'bottom', columns: 2 },
  };
  return {
    title: 'Streams longer than any in training',
    caption: `Accuracy of the digits in windows of ${steps} steps, the first of which is as long as training; means over seeds, the band from the worst to the best seed.`,
    spec: {
      $schema: schema,
      hconcat: panels.map(({ pause, values }) => ({
        title: pauseLabel(pause),
        width: 270,
        height: 260,
        data: { values },
        layer: [
          { mark: { type: 'area' }, encoding: { x, y: y('low'), y2: { field: 'high' }, color } },
          { mark: { type: 'line', point: true }, encoding: { x, y: y('accuracy'), color } },
        ],
      })),
    },
  };
}

function chartCurves(numbers: DynamicsNumbers, { batchSize, pauses }: DynamicsSummaryParams): Chart | undefined {
  const pause = pauses[0]!;
  const values = [batchSize, 1].flatMap((batch) =>
    classifierNames.flatMap((name) => {
      const metric = dynamicsMetrics.curve(batch, pause);
      const seconds = numbers.mean(dynamicsMetrics.updateSeconds(batch), name);
      return numbers.steps(metric, name).map((update) => ({
        batch,
        model: testedLabels[name],
        update,
        ...(seconds === undefined ? {} : { seconds: Number((update * seconds).toPrecision(4)) }),
        loss: Number(numbers.mean(metric, name, update)!.toPrecision(4)),
      }));
    }),
  );
  if (values.length === 0) return undefined;
  const domain = classifierNames.map((name) => testedLabels[name]);
  const panel = (batch: number, field: 'update' | 'seconds') => ({
    title: `batch size ${batch}`,
    width: 270,
    height: 220,
    data: { values: values.filter((value) => value.batch === batch) },
    mark: { type: 'line' },
    encoding: {
      x: { field, type: 'quantitative', title: field === 'update' ? 'update' : 'seconds of updates' },
      y: {
        field: 'loss',
        type: 'quantitative',
        title: 'validation loss (nats)',
        scale: { type: 'log', nice: false },
        axis: { format: '~g' },
      },
      color: { field: 'model', type: 'nominal', title: null, scale: { domain }, legend },
    },
  });
  return {
    title: 'Training, in minibatches and a case at a time',
    caption:
      'Validation loss against updates and against their time (loss and gradient, measured in turns on one machine), means over seeds, streams as long as in training.',
    spec: {
      $schema: schema,
      vconcat: [batchSize, 1].map((batch) => ({ hconcat: [panel(batch, 'update'), panel(batch, 'seconds')] })),
    },
  };
}
