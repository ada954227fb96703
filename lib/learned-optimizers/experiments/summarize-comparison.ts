/** The table and the verdict over a comparison of optimizers; pure functions of the measurements. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { type BaselineName, baselineNames } from '../baselines.ts';
import { longRunMetric } from './optimizer-comparison.ts';

export const subjectLabels = { lstm: 'LSTM', adam: 'ADAM', rmsprop: 'RMSprop', nag: 'NAG', sgd: 'SGD' } as const;
export type Subject = keyof typeof subjectLabels;
export const subjects = Object.keys(subjectLabels) as readonly Subject[];

/** The paper's losses by step and subject, read off its figure (±3–5 %). */
export type PaperLosses = Readonly<Record<number, Readonly<Partial<Record<Subject, number>>>>>;

export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** Over seeds, with n − 1. 0 where there is one seed. */
  readonly standardDeviation: number;
  readonly standardError: number;
}

/** With a run among them that diverged, recorded as the largest number there is, the mean is infinite and has no spread. */
export function describeValues(values: readonly number[]): Statistics {
  const count = values.length;
  const diverged = values.find((value) => Math.abs(value) >= Number.MAX_VALUE);
  if (diverged !== undefined) {
    const mean = Math.sign(diverged) * Number.POSITIVE_INFINITY;
    return { count, mean, standardDeviation: Number.NaN, standardError: Number.NaN };
  }
  const mean = values.reduce((sum, value) => sum + value / count, 0);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardDeviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
  return { count, mean, standardDeviation, standardError: standardDeviation / Math.sqrt(count) };
}

/** The losses of one subject at one step, by seed. */
export function lossesBySeed(
  measurements: readonly Measurement[],
  subject: Subject,
  step: number,
  metric = 'loss',
): ReadonlyMap<number, number> {
  return new Map(
    measurements
      .filter((row) => row.metric === metric && row.subject === subject && row.step === step)
      .map(({ seed, value }) => [seed, value]),
  );
}

/** undefined where there are none. */
export function meanOf(losses: ReadonlyMap<number, number>): number | undefined {
  return losses.size > 0 ? describeValues([...losses.values()]).mean : undefined;
}

export interface Comparison {
  readonly best: Subject;
  readonly lstm: Statistics;
  readonly baseline: Statistics;
  /** LSTM minus best baseline, seed by seed: both ran from the same point on the same minibatches. */
  readonly difference: Statistics;
}

/** The learned optimizer against the best hand-written one at a step, or undefined where either has no measurement. */
export function compareWithBest(
  measurements: readonly Measurement[],
  step: number,
  baselineMetric = 'loss',
): Comparison | undefined {
  const lstm = lossesBySeed(measurements, 'lstm', step);
  const candidates = baselineNames
    .map((name) => ({ name, losses: lossesBySeed(measurements, name, step, baselineMetric) }))
    .filter(({ losses }) => losses.size > 0)
    .map(({ name, losses }) => ({ name, losses, statistics: describeValues([...losses.values()]) }))
    .sort((a, b) => a.statistics.mean - b.statistics.mean);
  const best = candidates[0];
  if (lstm.size === 0 || !best) return undefined;
  const differences = [...lstm].flatMap(([seed, loss]) => {
    const other = best.losses.get(seed);
    return other === undefined ? [] : [loss - other];
  });
  return {
    best: best.name,
    lstm: describeValues([...lstm.values()]),
    baseline: best.statistics,
    difference: describeValues(differences),
  };
}

/** The paper trains and judges at this step. */
export const paperHorizonSteps = 100;
const fewestSeeds = 5;

/** Whether the learned optimizer is below or above the best hand-written one by more than two standard errors of the paired difference. */
export function standingOf({ difference }: Comparison): 'leads' | 'trails' | 'is level' {
  const { mean, standardError } = difference;
  // A run that diverged has a mean, and no spread.
  const margin = Number.isFinite(standardError) ? 2 * standardError : 0;
  if (mean < -margin) return 'leads';
  return mean > margin ? 'trails' : 'is level';
}

/** Why these measurements decide nothing; undefined where they do. */
export function findObstacle(
  measurements: readonly Measurement[],
  { horizonSteps }: { readonly horizonSteps: number },
  optimizers: readonly BaselineName[] = baselineNames,
): string | undefined {
  if (horizonSteps !== paperHorizonSteps) {
    return `Wrong scale: the paper's horizon is ${paperHorizonSteps} steps, this run's ${horizonSteps}`;
  }
  const missing = optimizers.filter((name) => lossesBySeed(measurements, name, horizonSteps).size === 0);
  if (missing.length > 0) return `Not measured: ${missing.join(', ')}`;
  const count = compareWithBest(measurements, horizonSteps)?.difference.count ?? 0;
  return count < fewestSeeds ? `Too few seeds: ${count}, at least ${fewestSeeds} are needed` : undefined;
}

/** Holds where the learned optimizer leads at step 100, and does not hold where it is level or trails. */
export function judgeComparison(
  measurements: readonly Measurement[],
  { horizonSteps, evaluationSteps }: { readonly horizonSteps: number; readonly evaluationSteps: number },
): Verdict {
  const comparison = compareWithBest(measurements, horizonSteps);
  if (!comparison) return { outcome: 'inconclusive', reason: 'The learned optimizer or all baselines are missing.' };
  const reasons = [describeComparison(comparison, horizonSteps)];
  if (evaluationSteps > horizonSteps) {
    const long = compareWithBest(measurements, evaluationSteps, longRunMetric);
    if (long) reasons.push(`${describeComparison(long, evaluationSteps)} (baselines tuned for that step)`);
  }
  const obstacle = findObstacle(measurements, { horizonSteps });
  const outcome = standingOf(comparison) === 'leads' ? 'holds' : 'does not hold';
  return {
    outcome: obstacle ? 'inconclusive' : outcome,
    reason: [...(obstacle ? [obstacle] : []), ...reasons].map((reason) => `${reason}.`).join(' '),
  };
}

/** Both sides with their spread over seeds, and the paired difference. */
export function describeComparison({ best, lstm, baseline, difference }: Comparison, step: number): string {
  const ratio = lstm.mean / baseline.mean;
  return (
    `At step ${step} the LSTM's mean loss over ${lstm.count} seeds is ${number(lstm.mean)} ± ${number(lstm.standardDeviation)}, ` +
    `the best tuned baseline's (${subjectLabels[best]}) ${number(baseline.mean)} ± ${number(baseline.standardDeviation)}: ` +
    `ratio ${number(ratio)}, paired difference ${number(difference.mean)} with standard error ${number(difference.standardError)}`
  );
}

export function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '∞';
  return String(Number(value.toPrecision(3)));
}

/** One method at one step, with the rate that it was tuned to; undefined where it was not measured. */
export function summarizeLosses(measurements: readonly Measurement[], subject: Subject, step: number, metric = 'loss') {
  const losses = [...lossesBySeed(measurements, subject, step, metric).values()];
  if (losses.length === 0) return undefined;
  const tuned = measurements.find((row) => row.metric === `learning rate (${metric})` && row.subject === subject);
  return { ...describeValues(losses), learningRate: tuned?.value };
}

/** Each method at some steps: mean and spread over seeds, the paper's value beside it. */
export function tabulateLosses(
  measurements: readonly Measurement[],
  steps: readonly number[],
  paper: PaperLosses,
  longRunSteps: number | undefined,
): Table {
  const rows: (string | number | undefined)[][] = [];
  for (const step of steps) {
    const metric = step === longRunSteps ? longRunMetric : 'loss';
    for (const subject of subjects) {
      const used = subject === 'lstm' ? 'loss' : metric;
      const measured = summarizeLosses(measurements, subject, step, used);
      if (!measured) continue;
      const { mean, standardDeviation, count, learningRate } = measured;
      rows.push([step, subjectLabels[subject], mean, standardDeviation, count, paper[step]?.[subject], learningRate]);
    }
  }
  return {
    title: 'Loss by step: mean and standard deviation over seeds',
    columns: [
      { label: 'step' },
      { label: 'method' },
      { label: 'mean loss' },
      { label: 'standard deviation', digits: 2 },
      { label: 'seeds' },
      { label: 'paper (read off its figure)' },
      { label: 'tuned learning rate' },
    ],
    rows,
  };
}

/** What a reader of any comparison must know about its numbers. */
export const comparisonRemarks: NonNullable<Summary['remarks']> = [
  'The loss at step t is the one that the optimizer sees in its t-th evaluation, after t − 1 updates; NAG’s is the one at its look-ahead point, as Torch7 reports it.',
  'Every method runs from the same initial point on the same minibatches of each seed, which is why differences are paired.',
  'The paper’s values were read off its published figure and are good to 3–5 %.',
];
