/** Figure 5's numbers and the verdict; pure functions of what was measured. */
import type { PenLineSource } from '../../datasets/pen-lines.ts';
import { penLineSources } from '../../datasets/pen-lines.ts';
import { spreadOf } from '../../numerics/spread.ts';
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { chartLearning, chartWriting } from './chart-handwriting.ts';
import { compareSeeds, curvesOf, lowestOf } from './compare-handwriting.ts';
import {
  exchangedMetric,
  finishedMetric,
  handwritingSubjects,
  perLineMetric,
  sourceMetric,
  strokesFromRows,
  subjectLabels,
} from './handwriting-metrics.ts';
import { secondsPerUpdate } from './learning-curves.ts';

interface Scale {
  readonly units: number;
  readonly sequenceLength: number;
  readonly batchSize: number;
  readonly bias: number;
}

/** Fewer do not say how sure a difference is. */
const fewestSeeds = 3;
/** What the normalised network may need of the updates that the baseline needed, to be called much faster. */
const muchFaster = 0.75;

/** The paper's units a layer and points a line. */
const [paperUnits, paperPoints] = [400, 500];

const sources: Readonly<Record<PenLineSource, string>> = {
  'iam-ondb': 'IAM-OnDB',
  omniglot: 'lines of Omniglot’s letters',
  font: 'lines in single-stroke fonts',
  made: 'an invented script',
};

export function summarizeHandwriting(rows: readonly Measurement[], params: Scale): Summary {
  const written = strokesFromRows(rows);
  const charts = [...chartLearning(rows), ...(written.length > 0 ? [chartWriting(written, params.bias)] : [])];
  return { verdict: judge(rows, params), tables: [tabulate(rows)], charts, remarks };
}

const remarks = [
  'The paper gives Figure 5 without numbers: there are none to put beside ours.',
  'A curve is measured on the same lines of writers or forms that training does not see; the network that writes is that of the lowest point of its curve.',
  'Likelihoods are of offsets in units of their standard deviation over the training lines: they cannot be compared between datasets, nor with those of other standardisations.',
  'Seconds an update are the median over rounds in which the networks take turns on one core; time axes are updates times these seconds.',
];

function judge(rows: readonly Measurement[], { units, sequenceLength, batchSize }: Scale): Verdict {
  const seeds = compareSeeds(rows);
  const difference = spreadOf(seeds.map(({ plain, normalised }) => normalised.value - plain.value));
  const plain = spreadOf(seeds.map((seed) => seed.plain.value));
  const normalised = spreadOf(seeds.map((seed) => seed.normalised.value));
  if (!difference || !plain || !normalised) {
    return { outcome: 'inconclusive', reason: 'Not measured: one of the networks has no curve.' };
  }
  const shares = seeds.map(
    ({ plain: lowest, reachedAfter }) => (reachedAfter ?? Number.POSITIVE_INFINITY) / Math.max(1, lowest.step),
  );
  const share = spreadOf(shares)!;
  const everReached = shares.every(Number.isFinite);
  const ratio = secondsPerUpdate(rows, 'layer') / secondsPerUpdate(rows, 'none');
  const source = sourceOf(rows);
  const reason = [
    `Lowest validation negative log likelihood over ${difference.count} seeds: LSTM ${number(plain.mean)} ± ${number(plain.standardDeviation)}, LN-LSTM ${number(normalised.mean)} ± ${number(normalised.standardDeviation)} nats a point; paired difference ${number(difference.mean)} with standard error ${number(difference.standardError)}.`,
    everReached
      ? `The LN-LSTM is at the LSTM's lowest after ${number(100 * share.mean)} ± ${number(100 * share.standardDeviation)} % of the updates that the LSTM needed` +
        (ratio
          ? `, and, an update taking ${number(ratio)} times as long, ${number(100 * share.mean * ratio)} % of the time.`
          : '.')
      : `The LN-LSTM does not come to the LSTM's lowest in ${shares.filter((value) => !Number.isFinite(value)).length} of ${shares.length} seeds.`,
    `Measured with ${units} units a layer on ${source ? sources[source] : 'unknown lines'}, up to ${sequenceLength} points a line, ${batchSize} lines a minibatch; the paper: ${paperUnits} units, IAM-OnDB, ${paperPoints} points, 8 lines.`,
  ].join(' ');
  const inconclusive = (why: string): Verdict => ({ outcome: 'inconclusive', reason: `${why} ${reason}` });
  if (difference.count < fewestSeeds) {
    return inconclusive(`Too few seeds: ${difference.count}, at least ${fewestSeeds} are needed.`);
  }
  if (source !== 'iam-ondb') {
    return inconclusive(`Stand-in data: ${source ? sources[source] : 'unknown lines'} in place of IAM-OnDB.`);
  }
  if (units < paperUnits || sequenceLength < paperPoints) {
    return inconclusive('Wrong scale: the claim is of large networks on very long lines.');
  }
  const isComparable = difference.mean <= 2 * difference.standardError;
  const isFaster = everReached && share.mean + 2 * share.standardError <= 1 && share.mean <= muchFaster;
  return { outcome: isComparable && isFaster ? 'holds' : 'does not hold', reason };
}

function tabulate(rows: readonly Measurement[]): Table {
  const seeds = compareSeeds(rows);
  const [perLine] = rows.filter(({ metric }) => metric === perLineMetric);
  return {
    title: 'Validation negative log likelihood, and what it takes to come to the baseline’s lowest: means over seeds',
    columns: [
      { label: 'network' },
      { label: 'lowest (nats a point)', digits: 4 },
      { label: 'standard deviation', digits: 2 },
      { label: 'lowest (nats a line)' },
      { label: 'with exchanged texts (nats a point)' },
      { label: 'updates to the baseline’s lowest' },
      { label: 'ms an update' },
      { label: 'seconds to the baseline’s lowest' },
      { label: 'texts written to their end (share)' },
      { label: 'seeds' },
    ],
    rows: handwritingSubjects.map((subject) => {
      const lowest = spreadOf([...curvesOf(rows, subject).values()].map((curve) => lowestOf(curve).value));
      const reached = seeds.map(({ plain, reachedAfter }) => (subject === 'none' ? plain.step : reachedAfter));
      const updates = reached.includes(undefined) ? undefined : spreadOf(reached as number[])?.mean;
      const seconds = secondsPerUpdate(rows, subject);
      const meanOf = (metric: string) =>
        spreadOf(rows.filter((row) => row.metric === metric && row.subject === subject).map(({ value }) => value))
          ?.mean;
      return [
        subjectLabels[subject],
        lowest?.mean,
        lowest?.standardDeviation,
        lowest && perLine && lowest.mean * perLine.value,
        meanOf(exchangedMetric),
        updates,
        seconds > 0 ? 1000 * seconds : undefined,
        seconds > 0 && updates !== undefined ? seconds * updates : undefined,
        meanOf(finishedMetric),
        lowest?.count,
      ];
    }),
  };
}

function sourceOf(rows: readonly Measurement[]): PenLineSource | undefined {
  return penLineSources.find((source) => rows.some(({ metric }) => metric === sourceMetric(source)));
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
