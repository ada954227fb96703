/** Tables, charts and the verdict of `robust-training`; pure functions of the measurements. */
import type { Chart, Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { type Activation, activations, divergedMetric, lossMetric } from './robust-evaluation.ts';
import { defaultRecipe, type RecipeName, recipeLabels, recipeNames } from './robust-recipes.ts';
import { describeValues, type Statistics } from './summarize-comparison.ts';

export type Subject = RecipeName | 'nominal' | 'adam';
const labels: Readonly<Record<Subject, string>> = {
  adam: 'ADAM, tuned for each step',
  ...recipeLabels,
  nominal: 'the default with nothing learned (y = 0)',
};
const subjects: readonly Subject[] = ['adam', ...recipeNames, 'nominal'];
const activationLabels: Readonly<Record<Activation, string>> = { sigmoid: 'sigmoid', relu: 'ReLU' };

/** Runs that the claim is about, and what it allows. */
const claimedRuns = 50;
const largestRatio = 1.1;
/** Fewer say nothing of a spread. */
const fewestSeeds = 3;

interface JudgedParams {
  readonly measuredSteps: readonly number[];
  readonly horizonSteps: number;
}

function valuesBySeed(measurements: readonly Measurement[], subject: Subject, metric: string, step: number) {
  return new Map(
    measurements
      .filter((row) => row.subject === subject && row.metric === metric && row.step === step)
      .map(({ seed, value }) => [seed, value]),
  );
}

interface Comparison {
  readonly learned: Statistics;
  readonly adam: Statistics;
  /** Of the means over the seeds that both have. */
  readonly ratio: number;
  /** Learned minus ADAM, seed by seed. */
  readonly difference: Statistics;
}

/** The seeds that both have; undefined where there are none. */
export function compareWithAdam(
  measurements: readonly Measurement[],
  subject: Subject,
  activation: Activation,
  step: number,
): Comparison | undefined {
  const learned = valuesBySeed(measurements, subject, lossMetric(activation), step);
  const adam = valuesBySeed(measurements, 'adam', lossMetric(activation), step);
  const seeds = [...learned.keys()].filter((seed) => adam.has(seed));
  if (seeds.length === 0) return undefined;
  const of = (losses: ReadonlyMap<number, number>) => describeValues(seeds.map((seed) => losses.get(seed)!));
  const difference = describeValues(seeds.map((seed) => learned.get(seed)! - adam.get(seed)!));
  return { learned: of(learned), adam: of(adam), ratio: of(learned).mean / of(adam).mean, difference };
}

interface Runs {
  readonly runs: number;
  readonly diverged: number;
  readonly longest: number;
  /** Runs of the longest length. */
  readonly longRuns: number;
}

export function countDiverged(measurements: readonly Measurement[], subject: Subject, activation: Activation): Runs {
  const rows = measurements.filter((row) => row.subject === subject && row.metric === divergedMetric(activation));
  const longest = Math.max(0, ...rows.map(({ step }) => step));
  return {
    runs: rows.length,
    diverged: rows.filter(({ value }) => value > 0).length,
    longest,
    longRuns: rows.filter(({ step }) => step === longest).length,
  };
}

/**
 * Holds where the default's mean loss at the horizon is below tuned ADAM's by more than two standard errors of the paired
 * difference, its ratio to ADAM's is at most 1.1 at the last step on the training network and at every measured step on
 * ReLU, and none of at least 50 runs on each diverged.
 */
export function judgeRobustness(
  measurements: readonly Measurement[],
  { measuredSteps, horizonSteps }: JudgedParams,
): Verdict {
  const last = measuredSteps.at(-1)!;
  const atHorizon = compareWithAdam(measurements, defaultRecipe, 'sigmoid', horizonSteps);
  const atLast = compareWithAdam(measurements, defaultRecipe, 'sigmoid', last);
  const onRelu = measuredSteps.map((step) => compareWithAdam(measurements, defaultRecipe, 'relu', step));
  if (!atHorizon || !atLast || onRelu.includes(undefined)) {
    return { outcome: 'inconclusive', reason: 'The default or ADAM has no measurement at some step.' };
  }
  const { mean, standardError } = atHorizon.difference;
  const counts = activations.map((activation) => countDiverged(measurements, defaultRecipe, activation));
  const diverged = counts.reduce((sum, count) => sum + count.diverged, 0);
  const reluRatios = onRelu.map((comparison) => comparison!.ratio);
  const parts = [
    `at step ${horizonSteps} the default's mean loss is ${digits(atHorizon.learned.mean)}, ADAM's ${digits(atHorizon.adam.mean)} (${atHorizon.learned.count} seeds, paired difference ${digits(mean)} with standard error ${digits(standardError)})`,
    `at step ${last} the ratio is ${digits(atLast.ratio)} (${digits(atLast.learned.mean)} to ${digits(atLast.adam.mean)}, ${atLast.learned.count} seeds)`,
    `on ReLU the ratios are ${measuredSteps.map((step, index) => `${digits(reluRatios[index]!)} at step ${step}`).join(', ')}`,
    ...counts.map(
      ({ runs, diverged, longRuns, longest }, index) =>
        `${diverged} of ${runs} runs on ${activationLabels[activations[index]!]} diverged (${longRuns} of them of ${longest} steps)`,
    ),
  ];
  const verdict = (outcome: Verdict['outcome'], ...more: string[]): Verdict => {
    const text = [...more, ...parts].join('; ');
    return { outcome, reason: `${text[0]!.toUpperCase()}${text.slice(1)}.` };
  };
  if (horizonSteps !== 100 || last < 10_000) {
    return verdict(
      'inconclusive',
      `the claim is about steps 100 and 10,000, this run is about ${horizonSteps} and ${last}`,
    );
  }
  const seeds = Math.min(atHorizon.learned.count, atLast.learned.count, ...onRelu.map((row) => row!.learned.count));
  if (seeds < fewestSeeds)
    return verdict('inconclusive', `too few seeds: ${seeds}, at least ${fewestSeeds} are needed`);
  const holds =
    mean < -2 * standardError &&
    [atLast.ratio, ...reluRatios].every((ratio) => ratio <= largestRatio) &&
    diverged === 0;
  if (!holds) return verdict('does not hold');
  if (counts.some(({ runs }) => runs < claimedRuns)) {
    return verdict('inconclusive', `fewer than ${claimedRuns} runs on a network`);
  }
  return verdict('holds');
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Every optimizer at every measured step, beside ADAM on the same seeds. */
export function tabulateRobustness(measurements: readonly Measurement[], { measuredSteps }: JudgedParams): Table {
  const rows = activations.flatMap((activation) =>
    measuredSteps.flatMap((step) =>
      subjects.flatMap((subject) => {
        const losses = valuesBySeed(measurements, subject, lossMetric(activation), step);
        if (losses.size === 0) return [];
        const { mean, standardDeviation, count } = describeValues([...losses.values()]);
        const ratio = subject === 'adam' ? undefined : compareWithAdam(measurements, subject, activation, step)?.ratio;
        const rate = subject === 'adam' ? rateOf(measurements, activation, step) : undefined;
        return [[activationLabels[activation], step, labels[subject], mean, standardDeviation, count, ratio, rate]];
      }),
    ),
  );
  return {
    title: 'Loss over the tenth of the run that ends at a step',
    columns: [
      { label: 'network' },
      { label: 'step' },
      { label: 'optimizer' },
      { label: 'mean loss' },
      { label: 'standard deviation', digits: 2 },
      { label: 'seeds' },
      { label: 'ratio to ADAM, same seeds' },
      { label: 'tuned learning rate' },
    ],
    rows,
  };
}

function rateOf(measurements: readonly Measurement[], activation: Activation, step: number): number | undefined {
  const metric = `learning rate (${activation})`;
  return measurements.find((row) => row.metric === metric && row.step === step)?.value;
}

export function tabulateDivergence(measurements: readonly Measurement[]): Table {
  const rows = subjects.flatMap((subject) =>
    activations.flatMap((activation) => {
      const { runs, diverged, longest, longRuns } = countDiverged(measurements, subject, activation);
      return runs === 0 ? [] : [[labels[subject], activationLabels[activation], runs, diverged, longest, longRuns]];
    }),
  );
  return {
    title: 'Runs that diverged: a loss was not finite, or the last tenth is a tenth above the start',
    columns: [
      { label: 'optimizer' },
      { label: 'network' },
      { label: 'runs' },
      { label: 'diverged' },
      { label: 'longest run', digits: 6 },
      { label: 'runs of that length' },
    ],
    rows,
  };
}

/** Mean losses by step, both axes logarithmic; ADAM's are points, each of another rate. */
export function chartRobustness(measurements: readonly Measurement[], activation: Activation): Chart {
  const metric = lossMetric(activation);
  const values = subjects.flatMap((subject) => {
    const rows = measurements.filter((row) => row.subject === subject && row.metric === metric);
    // Only the seeds that were run to the end, so that a curve does not change company on its way.
    const last = Math.max(0, ...rows.map(({ step }) => step));
    const seeds = new Set(rows.filter(({ step }) => subject === 'adam' || step === last).map(({ seed }) => seed));
    return [...new Set(rows.map(({ step }) => step))].flatMap((step) => {
      const losses = rows.filter((row) => row.step === step && seeds.has(row.seed)).map(({ value }) => value);
      const { mean } = describeValues(losses);
      return Number.isFinite(mean) ? [{ optimizer: labels[subject], step, loss: Number(mean.toPrecision(6)) }] : [];
    });
  });
  const shown = subjects
    .map((subject) => labels[subject])
    .filter((label) => values.some((row) => row.optimizer === label));
  const legend = { labelLimit: 320, symbolType: 'stroke', symbolSize: 400 };
  const encoding = {
    x: { field: 'step', type: 'quantitative', title: 'optimization step', scale: { type: 'log' } },
    y: {
      field: 'loss',
      type: 'quantitative',
      title: 'loss (nats)',
      scale: { type: 'log', nice: false },
      axis: { format: '~g' },
    },
    color: { field: 'optimizer', type: 'nominal', title: null, scale: { domain: shown }, legend },
  };
  // A palette has eight colours: what comes after them repeats one, dashed.
  const dashes = shown.map((_, index) => (index < 8 ? [1, 0] : [5, 3]));
  const strokeDash = { ...encoding.color, scale: { domain: shown, range: dashes } };
  const isAdam = (row: { readonly optimizer: string }) => row.optimizer === labels.adam;
  return {
    title: `784-20-10, ${activationLabels[activation]}`,
    caption: `Mean loss of the runs that go on longest, over the tenth of the run that ends at each step; ${labels.adam}, are the diamonds.`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      layer: [
        {
          data: { values: values.filter((row) => !isAdam(row)) },
          mark: { type: 'line', point: true },
          encoding: { ...encoding, strokeDash },
        },
        {
          data: { values: values.filter(isAdam) },
          mark: { type: 'point', shape: 'diamond', size: 120, strokeWidth: 2 },
          encoding,
        },
      ],
    },
  };
}

export const robustnessRemarks: NonNullable<Summary['remarks']> = [
  'ADAM’s rate is tuned anew for each network and each step, on the mean of the last tenth: the strictest ADAM with a constant rate.',
  'The default with nothing learned shows what its falling rate alone does; what lies between it and the default was learned.',
  'Every optimizer runs from the same initial points on the same minibatches of each seed.',
];
