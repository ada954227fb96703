/** The tables, the chart and the verdict over the readers of §6.2; pure functions of the measurements. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { chartQuestionAnswering } from './chart-question-answering.ts';
import { pairedDifference, signOf, spreadOf, writeSpread } from './paired-difference.ts';
import type { QuestionAnsweringParams } from './question-answering.ts';
import {
  baselines,
  errorMetric,
  guesses,
  guessMetric,
  labelOf,
  likelihoodMetric,
  lowestErrors,
  paperErrors,
  populationMetric,
  questionsMetric,
  type ReaderSubject,
  readers,
  secondsPerUpdate,
  standInMetric,
  testMetric,
  updatesToReach,
  valuesByStep,
} from './reader-metrics.ts';

type Rows = readonly Measurement[];

/** Two standard errors of fewer say little. */
const fewestSeeds = 3;
/** The units of the published readers, and the fewest updates of Figure 2 that anything could be read from. */
const paperUnits = 240;
const fewestUpdates = 10_000;

export function summarizeQuestionAnswering(rows: Rows, params: QuestionAnsweringParams): Summary {
  const tables = [tabulateReaders(rows, params), tabulateGuesses(rows)];
  return {
    verdict: judge(rows, params),
    tables: tables.filter((table) => table.rows.length > 0),
    charts: rows.some(({ metric }) => metric === errorMetric) ? [chartQuestionAnswering(rows)] : [],
    remarks: remark(rows),
  };
}

/**
 * Holds where LN-LSTM's lowest validation error is below each baseline's by more than two standard errors of the paired
 * difference, and it reaches each baseline's lowest in fewer updates on average, in every seed.
 */
function judge(rows: Rows, params: QuestionAnsweringParams): Verdict {
  const ours = lowestErrors(rows, 'ln-lstm');
  const compared = baselines.map((baseline) => {
    const theirs = lowestErrors(rows, baseline);
    const difference = pairedDifference(percent(ours), percent(theirs));
    const reached = updatesToReach(rows, 'ln-lstm', theirs);
    const needed = updatesToReach(rows, baseline, theirs);
    const isFaster =
      theirs.size > 0 &&
      [...needed].every(([seed, update]) => (reached.get(seed) ?? Number.POSITIVE_INFINITY) < update);
    return { baseline, difference, isLower: signOf(difference) === 'below', isFaster, reached };
  });
  const seeds = Math.min(...compared.map(({ difference }) => difference.count));

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
    ...(ours.size > 0
      ? [`Lowest validation error of LN-LSTM: ${describe(ours)} over ${count(ours.size, 'seed')}`]
      : ['Not measured: LN-LSTM']),
    ...compared.flatMap(({ baseline, difference, isLower, isFaster, reached }) => {
      if (difference.count === 0) return [`Not measured: ${labelOf(baseline)}`];
      const speed = isFaster
        ? 'reached in fewer updates in every seed'
        : `reached in ${reached.size} of ${count(difference.count, 'seed')}, not always in fewer updates`;
      return `Against ${labelOf(baseline)} (${describe(lowestErrors(rows, baseline))}): ${isLower ? '' : 'not '}below it, paired difference ${writeSpread(difference, 2)} points; its lowest is ${speed}`;
    }),
    ...describeGains(rows),
  ];
  const holds = compared.every(({ isLower, isFaster }) => isLower && isFaster);
  return {
    outcome: obstacles.length > 0 ? 'inconclusive' : holds ? 'holds' : 'does not hold',
    reason: reasons.map((reason) => `${reason}.`).join(' '),
  };
}

/** What the gains' start makes of it: the paper found 1.0 significantly better. */
function describeGains(rows: Rows): readonly string[] {
  const difference = pairedDifference(
    percent(lowestErrors(rows, 'ln-lstm')),
    percent(lowestErrors(rows, 'ln-lstm-gain-0.1')),
  );
  if (difference.count === 0) return [];
  const what = { below: 'better than', above: 'worse than', level: 'no different from' }[signOf(difference)];
  return [
    `Gains that start at 1.0 are ${what} those that start at 0.1: paired difference ${writeSpread(difference, 2)} points`,
  ];
}

function tabulateReaders(rows: Rows, { updates }: QuestionAnsweringParams): Table {
  const plain = lowestErrors(rows, 'lstm');
  return {
    title: 'Readers: means over seeds',
    columns: [
      { label: 'reader' },
      { label: 'lowest validation error (%)' },
      { label: 'standard deviation', digits: 2 },
      { label: 'paper (%)' },
      { label: `log likelihood after ${updates} updates (−nats)` },
      { label: 'test error (%)' },
      { label: 'by statistics of the population (%)' },
      { label: 'updates to the LSTM’s lowest' },
      { label: 'seconds to the LSTM’s lowest' },
      { label: 'ms an update' },
      { label: 'seeds' },
    ],
    rows: readers.flatMap(({ subject, label }) => {
      const lowest = lowestErrors(rows, subject);
      if (lowest.size === 0) return [];
      const { mean, standardDeviation } = spreadOf([...percent(lowest).values()]);
      const seconds = secondsPerUpdate(rows, subject);
      const reached = updatesToReach(rows, subject, plain);
      // A mean over the seeds that got there would flatter those that did not.
      const toPlain = reached.size === plain.size && plain.size > 0 ? spreadOf([...reached.values()]).mean : undefined;
      const final = [...(valuesByStep(rows, subject, likelihoodMetric).get(updates)?.values() ?? [])];
      return [
        [
          label,
          mean,
          lowest.size > 1 ? standardDeviation : undefined,
          paperErrors[subject],
          final.length > 0 ? spreadOf(final).mean : undefined,
          meanPercent(rows, subject, testMetric),
          meanPercent(rows, subject, populationMetric),
          toPlain ?? `in ${reached.size} of ${plain.size}`,
          toPlain !== undefined && seconds !== undefined ? toPlain * seconds : undefined,
          seconds === undefined ? undefined : 1000 * seconds,
          lowest.size,
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
      const row = rows.find(({ metric, subject }) => metric === guessMetric && subject === guess);
      return row ? [[label, 100 * row.value]] : [];
    }),
  };
}

function remark(rows: Rows): readonly string[] {
  const used = ['training', 'validation', 'test'].map(
    (split) => rows.find(({ metric, subject }) => metric === questionsMetric && subject === split)?.value,
  );
  return used.every((value) => value !== undefined)
    ? [`Questions whose passage, as cut, has their answer: ${used.join(', ')} for training, validation and test.`]
    : [];
}

/** The mean over all rows of a subject's metric, in percent. */
function meanPercent(rows: Rows, subject: ReaderSubject, metric: string): number | undefined {
  const values = rows.filter((row) => row.subject === subject && row.metric === metric).map(({ value }) => 100 * value);
  return values.length > 0 ? spreadOf(values).mean : undefined;
}

function percent(shares: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  return new Map([...shares].map(([seed, value]) => [seed, 100 * value]));
}

function describe(errors: ReadonlyMap<number, number>): string {
  return `${writeSpread(spreadOf([...percent(errors).values()]))} %`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
