/** The table, the chart and the verdict over the variants of preprocessing; pure functions of the measurements. */
import type { Chart, Measurement, Table, Verdict } from '../../pipeline/experiment.ts';
import { type BaselineName, baselineNames } from '../baselines.ts';
import { roundForChart } from './chart-losses.ts';
import { finalStep, listVariants, logSign, rawGradient } from './preprocessing-variants.ts';
import { describeValues, number, paperHorizonSteps, type Statistics, subjectLabels } from './summarize-comparison.ts';

export interface PreprocessingParams {
  readonly seeds: number;
  readonly horizonSteps: number;
  readonly preprocessingP: number;
  readonly inputScales: readonly number[];
}

/** The loss that a trained optimizer was kept for. */
export const validationMetric = 'validation loss of the trained optimizer';

/** Fewer trainings say nothing of how sure a training is to succeed. */
const fewestTrainings = 3;

type Rows = readonly Measurement[];

function valuesOf(rows: Rows, subject: string, step: number, metric = 'loss'): ReadonlyMap<number, number> {
  const found = rows.filter((row) => row.subject === subject && row.step === step && row.metric === metric);
  return new Map(found.map(({ seed, value }) => [seed, value]));
}

/** One minus the other, training by training; undefined where none has both. */
function pairedDifference(
  one: ReadonlyMap<number, number>,
  other: ReadonlyMap<number, number>,
): (Statistics & { readonly everyTraining: boolean }) | undefined {
  const differences = [...one].flatMap(([seed, value]) => (other.has(seed) ? [value - other.get(seed)!] : []));
  if (differences.length === 0) return undefined;
  return { ...describeValues(differences), everyTraining: differences.every((difference) => difference < 0) };
}

/**
 * Holds where the optimizer with the preprocessing of appendix A and weights at every step ends below the one with raw
 * gradients and below the one with a weight at the last step: in every training, and on average by more than two
 * standard errors of the difference.
 */
export function judgeVariants(rows: Rows, params: PreprocessingParams): Verdict {
  const { horizonSteps } = params;
  const ours = valuesOf(rows, logSign, horizonSteps);
  const against = [
    { label: 'raw gradients', values: valuesOf(rows, rawGradient, horizonSteps) },
    { label: 'a weight on the last step only', values: valuesOf(rows, finalStep, horizonSteps) },
  ].map(({ label, values }) => ({ label, values, difference: pairedDifference(ours, values) }));

  const obstacles = [];
  if (horizonSteps !== paperHorizonSteps) {
    obstacles.push(`Wrong scale: the paper's horizon is ${paperHorizonSteps} steps, this run's ${horizonSteps}`);
  }
  const trainings = Math.min(...against.map(({ difference }) => difference?.count ?? 0));
  if (trainings < fewestTrainings) {
    obstacles.push(`Too few trainings of each kind: ${trainings}, at least ${fewestTrainings} are needed`);
  }
  const isBelow = against.map(
    ({ difference }) => difference?.everyTraining && difference.mean < -2 * difference.standardError,
  );
  const reasons = [
    ...obstacles,
    ...(ours.size > 0 ? [`Log and sign, weights at every step: ${describe(ours)} at step ${horizonSteps}`] : []),
    ...against.flatMap(({ label, values, difference }, index) => {
      if (!difference) return [];
      const { mean, standardError } = difference;
      return `With ${label} ${describe(values)}: log and sign at every step is ${isBelow[index] ? '' : 'not '}below it, paired difference ${number(mean)} with standard error ${number(standardError)}`;
    }),
    ...describeConstants(rows, params),
  ];
  return {
    outcome: obstacles.length > 0 ? 'inconclusive' : isBelow.every(Boolean) ? 'holds' : 'does not hold',
    reason: reasons.map((reason) => `${reason}.`).join(' '),
  };
}

/** What the paper says of constant factors, which decides nothing here. */
function describeConstants(rows: Rows, { inputScales, horizonSteps }: PreprocessingParams): readonly string[] {
  const candidates = inputScales.flatMap((scale) => {
    const validation = valuesOf(rows, `scale-${scale}`, 0, validationMetric);
    return validation.size > 0 ? [{ scale, validation: describeValues([...validation.values()]).mean }] : [];
  });
  const best = candidates.sort((a, b) => a.validation - b.validation)[0];
  if (!best) return [];
  const values = valuesOf(rows, `scale-${best.scale}`, horizonSteps);
  const difference = pairedDifference(valuesOf(rows, logSign, horizonSteps), values);
  if (!difference) return [];
  const { mean, standardError } = difference;
  return [
    `The constant factor of the lowest validation loss, ${best.scale}, gives ${describe(values)}: log and sign minus that is ${number(mean)} with standard error ${number(standardError)}`,
  ];
}

function describe(values: ReadonlyMap<number, number>): string {
  const { mean, standardDeviation, count } = describeValues([...values.values()]);
  return `${number(mean)} ± ${number(standardDeviation)} over ${count} trainings`;
}

export function tabulateVariants(rows: Rows, params: PreprocessingParams): Table {
  const early = Math.min(20, params.horizonSteps);
  const at = (subject: string, step: number, metric?: string) => {
    const values = valuesOf(rows, subject, step, metric);
    return values.size > 0 ? describeValues([...values.values()]) : undefined;
  };
  const trained = listVariants(params).map(({ name, label }) => ({ subject: name, label: `LSTM, ${label}` }));
  const tuned = baselineNames.map((name) => ({ subject: name, label: `${subjectLabels[name]}, tuned` }));
  return {
    title: 'Loss by what the optimizer is trained with: mean and standard deviation over trainings',
    columns: [
      { label: 'optimizer' },
      { label: `loss at step ${early}` },
      { label: `loss at step ${params.horizonSteps}` },
      { label: 'standard deviation', digits: 2 },
      { label: 'worst training' },
      { label: 'validation loss' },
      { label: 'trainings' },
    ],
    rows: [...trained, ...tuned].flatMap(({ subject, label }) => {
      const last = at(subject, params.horizonSteps);
      if (!last) return [];
      const isTuned = baselineNames.includes(subject as BaselineName);
      const worst = Math.max(...valuesOf(rows, subject, params.horizonSteps).values());
      const [spread, highest] = isTuned ? [undefined, undefined] : [last.standardDeviation, worst];
      const validation = at(subject, 0, validationMetric)?.mean;
      return [
        [label, at(subject, early)?.mean, last.mean, spread, highest, validation, isTuned ? undefined : last.count],
      ];
    }),
  };
}

/** Mean curves, the band from the best to the worst training; the best tuned baseline dashed. */
export function chartVariants(rows: Rows, params: PreprocessingParams): Chart {
  const { horizonSteps } = params;
  const best = baselineNames
    .map((name) => ({ name, loss: [...valuesOf(rows, name, horizonSteps).values()][0] ?? Number.POSITIVE_INFINITY }))
    .sort((a, b) => a.loss - b.loss)[0]!.name;
  const shown = [
    ...listVariants(params).map(({ name, label }) => ({ subject: name, label })),
    { subject: best, label: `${subjectLabels[best]}, tuned` },
  ];
  const steps = [...new Set(rows.filter(({ metric }) => metric === 'loss').map(({ step }) => step))].sort(
    (a, b) => a - b,
  );
  const values = shown.flatMap(({ subject, label }) =>
    steps.flatMap((step) => {
      const losses = [...valuesOf(rows, subject, step).values()];
      if (losses.length === 0) return [];
      const [low, high] = [Math.min(...losses), Math.max(...losses)];
      return [
        {
          optimizer: label,
          step,
          loss: roundForChart(describeValues(losses).mean),
          low: roundForChart(low),
          high: roundForChart(high),
        },
      ];
    }),
  );
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'optimization step',
    scale: { domain: [1, horizonSteps], nice: false },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'loss (nats)',
    scale: { type: 'log', nice: false },
    axis: { format: '~g', tickCount: 8 },
  });
  const domain = shown.map(({ label }) => label);
  const legend = { symbolType: 'stroke', symbolSize: 600 };
  const colour = { field: 'optimizer', type: 'nominal', title: null, scale: { domain }, legend };
  const range = shown.map(({ subject }) => (subject === best ? [6, 3] : subject === finalStep ? [2, 2] : [1, 0]));
  return {
    title: 'What the optimizer sees, and what it is trained to lower',
    caption: `Mean loss over the test problems and ${params.seeds} trainings of each kind, the band from the best to the worst training; the best tuned baseline dashed.`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      data: { values },
      layer: [
        { mark: { type: 'area', clip: true }, encoding: { x, y: y('low'), y2: { field: 'high' }, color: colour } },
        {
          mark: { type: 'line', clip: true },
          encoding: { x, y: y('loss'), color: colour, strokeDash: { ...colour, scale: { domain, range } } },
        },
      ],
    },
  };
}
