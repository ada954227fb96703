/** The tables, the charts and the verdict over the readers of §6.2; pure functions of the measurements. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { estimateOf, pairedDifference, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { chartLearningCurves } from './chart-learning-curves.ts';
import { secondsPerUpdate, shareOfBaselineTime } from './learning-curves.ts';
import type { QuestionAnsweringParams } from './question-answering.ts';
import {
  baselines,
  errorMetric,
  guesses,
  guessMetric,
  labels,
  likelihoodMetric,
  lowestMetric,
  paperErrors,
  populationMetric,
  questionsMetric,
  type ReaderSubject,
  readers,
  standInMetric,
  testMetric,
} from './reader-metrics.ts';

type Rows = readonly Measurement[];

/** Two standard errors of fewer say little. */
const fewestSeeds = 3;
/** The units of the published readers, and the fewest updates of Figure 2 that anything could be read from. */
const paperUnits = 240;
const fewestUpdates = 10_000;

export function summarizeQuestionAnswering(rows: Rows, params: QuestionAnsweringParams): Summary {
  const chart = (metric: string, title: string, yTitle: string) => {
    const caption = 'Means over seeds, the band one standard error; seconds are updates times the median time of one.';
    return chartLearningCurves(rows, { title, caption, metric, yTitle, subjects: labels });
  };
  const isMeasured = rows.some(({ metric }) => metric === errorMetric);
  return {
    verdict: judge(rows, params),
    tables: [tabulateReaders(rows), tabulateGuesses(rows)].filter((table) => table.rows.length > 0),
    charts: isMeasured
      ? [
          chart(errorMetric, 'Validation error of attentive readers (Figure 2)', 'validation error (share)'),
          chart(likelihoodMetric, 'Validation loss of attentive readers', 'negative log likelihood (nats)'),
        ]
      : [],
    remarks: remark(rows),
  };
}

/**
 * Holds where LN-LSTM's lowest validation error is below each baseline's by more than two standard errors of the paired
 * difference, and its mean curve is as low as each baseline's ever is in fewer updates.
 */
function judge(rows: Rows, params: QuestionAnsweringParams): Verdict {
  const compared = baselines.map((baseline) => ({
    baseline,
    difference: differenceFrom(rows, baseline),
    share: shareOfBaselineTime(rows, errorMetric, { subject: 'ln-lstm', baseline, better: 'lower' }),
  }));
  const seeds = Math.min(...compared.map(({ difference }) => difference.seeds));

  const obstacles: string[] = [];
  if (rows.some(({ metric }) => metric === standInMetric)) {
    obstacles.push('Stand-in data: these are not the paper’s questions');
  }
  if (seeds < fewestSeeds) obstacles.push(`Too few seeds: ${seeds}, at least ${fewestSeeds} are needed`);
  if (params.units < paperUnits || params.updates < fewestUpdates) {
    obstacles.push(
      `Wrong scale: ${params.units} units and ${params.updates} updates, the paper has ${paperUnits} and hundreds of thousands`,
    );
  }
  const reasons = [
    ...obstacles,
    isMeasured(rows, 'ln-lstm')
      ? `Lowest validation error of LN-LSTM: ${describeLowest(rows, 'ln-lstm')} (${seeds === 1 ? 'one seed' : `mean ± standard error of ${seeds} seeds`})`
      : 'Not measured: LN-LSTM',
    ...compared.map(({ baseline, difference, share }) => {
      if (difference.seeds === 0) return `Not measured: ${labels[baseline]}`;
      // A curve that is never lower than where it starts has no time to compare with.
      const reached =
        share === undefined
          ? `whose mean curve's lowest it does not reach`
          : Number.isFinite(share.steps)
            ? `whose mean curve's lowest it reaches in ${Math.round(100 * share.steps)} % of the updates`
            : `whose mean curve is lowest before any update`;
      return `${isBelow(difference) ? 'Below' : 'Not below'} ${labels[baseline]} (${describeLowest(rows, baseline)}), paired difference ${describePoints(difference)}, ${reached}`;
    }),
    ...describeGains(rows),
  ];
  const holds = compared.every(
    ({ difference, share }) => isBelow(difference) && share !== undefined && share.steps < 1,
  );
  return {
    outcome: obstacles.length > 0 ? 'inconclusive' : holds ? 'holds' : 'does not hold',
    reason: reasons.map((reason) => `${reason}.`).join(' '),
  };
}

/** What the gains' start makes of it: the paper found 1.0 significantly better. */
function describeGains(rows: Rows): readonly string[] {
  const difference = differenceFrom(rows, 'ln-lstm-gain-0.1');
  if (difference.seeds === 0) return [];
  const what = isBelow(difference) ? 'better' : isBelow(negated(difference)) ? 'worse' : 'not clearly better or worse';
  return [
    `Gains that start at 1.0 are ${what} than those that start at 0.1: paired difference ${describePoints(difference)}`,
  ];
}

type Difference = ReturnType<typeof pairedDifference>;

/** LN-LSTM's lowest error minus another's, paired by seed. */
function differenceFrom(rows: Rows, baseline: ReaderSubject): Difference {
  return pairedDifference(rows, lowestMetric, { subject: 'ln-lstm', baseline, step: 0 });
}

/** By more than two standard errors, which a single seed does not have. */
function isBelow({ mean, standardError }: Difference): boolean {
  return mean < -2 * standardError;
}

function negated({ mean, ...rest }: Difference): Difference {
  return { ...rest, mean: -mean };
}

function describePoints({ mean, standardError }: Difference): string {
  const error = Number.isFinite(standardError) ? ` ± ${(100 * standardError).toFixed(1)}` : '';
  return `${(100 * mean).toFixed(1)}${error} points`;
}

function describeLowest(rows: Rows, subject: ReaderSubject): string {
  const { mean, standardError } = estimateOf(valuesAt(rows, lowestMetric, subject));
  const error = Number.isFinite(standardError) ? ` ± ${(100 * standardError).toFixed(1)}` : '';
  return `${(100 * mean).toFixed(1)}${error} %`;
}

function valuesAt(rows: Rows, metric: string, subject: string, step = 0): readonly number[] {
  return [...valuesBySeed(rows, { metric, subject }, step).values()];
}

function isMeasured(rows: Rows, subject: ReaderSubject): boolean {
  return valuesAt(rows, lowestMetric, subject).length > 0;
}

function tabulateReaders(rows: Rows): Table {
  const mean = (metric: string, subject: string, step = 0) => {
    const values = valuesAt(rows, metric, subject, step);
    return values.length > 0 ? estimateOf(values).mean : undefined;
  };
  const percent = (share: number | undefined) => (share === undefined ? undefined : 100 * share);
  const finite = (value: number) => (Number.isFinite(value) ? value : undefined);
  return {
    title: 'Readers on the validation split: means over seeds',
    columns: [
      { label: 'reader' },
      { label: 'lowest error (%)' },
      { label: 'standard error', digits: 2 },
      { label: 'the paper’s (%)' },
      { label: 'loss at the end (nats)' },
      { label: 'test error (%)' },
      { label: 'by population statistics (%)' },
      { label: 'updates to the LSTM’s lowest (%)' },
      { label: 'time to it (%)' },
      { label: 'ms an update' },
      { label: 'seeds' },
    ],
    rows: readers.flatMap(({ subject, label }) => {
      if (!isMeasured(rows, subject)) return [];
      const lowest = estimateOf(valuesAt(rows, lowestMetric, subject));
      const last = stepsOf(rows, { metric: likelihoodMetric, subject }).at(-1);
      const share = shareOfBaselineTime(rows, errorMetric, { subject, baseline: 'lstm', better: 'lower' });
      return [
        [
          label,
          100 * lowest.mean,
          finite(100 * lowest.standardError),
          paperErrors[subject],
          last === undefined ? undefined : mean(likelihoodMetric, subject, last),
          percent(mean(testMetric, subject)),
          percent(mean(populationMetric, subject)),
          share && finite(100 * share.steps),
          share && finite(100 * share.seconds),
          finite(1000 * secondsPerUpdate(rows, subject)),
          lowest.seeds,
        ],
      ];
    }),
  };
}

function tabulateGuesses(rows: Rows): Table {
  return {
    title: 'Validation error without reading',
    columns: [{ label: 'answer' }, { label: 'error (%)' }],
    rows: Object.entries(guesses).flatMap(([guess, label]) => {
      const [error] = valuesAt(rows, guessMetric, guess);
      return error === undefined ? [] : [[label, 100 * error]];
    }),
  };
}

function remark(rows: Rows): readonly string[] {
  const used = ['training', 'validation', 'test'].flatMap((split) => valuesAt(rows, questionsMetric, split));
  return used.length === 3
    ? [`Questions whose passage, as cut, has their answer: ${used.join(', ')} for training, validation and test.`]
    : [];
}
