/** Table 3 beside ours, the cross-entropy, and the verdict; pure functions of the measurements. */
import { type Spread, spreadOf } from '../../numerics/spread.ts';
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { pairedDifference, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { chartCrossEntropy, chartDownstream } from './chart-sentence-encoding.ts';
import { bestOf, firstStepAt, secondsPerUpdate, shareOfBaselineTime } from './learning-curves.ts';
import { compareMeasure, type MeasureComparison, signOf } from './sentence-encoding-curves.ts';
import {
  crossEntropyMetric,
  crossEntropyUnit,
  type DownstreamMeasure,
  downstreamMeasures,
  encoderLabels,
  encoders,
  paperRows,
  standInMetric,
} from './sentence-encoding-measures.ts';

interface Scale {
  readonly updates: number;
  readonly units: number;
  readonly batchSize: number;
}

const fewestSeeds = 3;
/** Of the way from untrained encoders to the paper's plain one. */
const leastProgress = 0.5;

export function summarizeSentenceEncoding(rows: readonly Measurement[], params: Scale): Summary {
  return {
    verdict: judge(rows, params),
    tables: [tabulateMeasures(rows, params.updates), tabulateDifferences(rows, params.updates), tabulateCosts(rows)],
    charts: [chartDownstream(rows), chartCrossEntropy(rows)],
    remarks: [
      `The paper's encoders have 2,400 units and learn for a million updates of 64 sentences from BookCorpus; these have ${params.units} and learn for ${params.updates.toLocaleString('en-US')} of ${params.batchSize}.`,
      'Each spread is the standard deviation over seeds; a seed gives both encoders the same initial weights, minibatches and folds, and differences are paired by it.',
      'Seconds per update are medians of updates that were timed in turns, and place the curves on the axis of wall time.',
    ],
  };
}

/**
 * Judged are the measures in which training has brought the encoders at least half of the way from untrained ones to the
 * paper's plain one; where that is not most of them, the scale forbids a verdict. Holds where the normalized encoder is
 * better in most of the judged ones, at the 95 % level of a paired t-test, and worse in none; does not hold where it is worse
 * in one. What lies between is within chance.
 */
function judge(rows: readonly Measurement[], { updates, units }: Scale): Verdict {
  const comparisons = downstreamMeasures.flatMap((measure) => compareMeasure(rows, measure, updates) ?? []);
  const judged = comparisons.filter(({ progress }) => progress >= leastProgress);
  const withSign = (some: readonly MeasureComparison[], sign: -1 | 1) =>
    some.filter(({ advantage }) => signOf(advantage) === sign);
  const standIns = [...new Set(rows.filter(({ metric }) => metric === standInMetric).map(({ subject }) => subject))];
  const seeds = comparisons.length > 0 ? Math.min(...comparisons.map(({ advantage }) => advantage.count)) : 0;
  const all = downstreamMeasures.length;
  const missing = all - comparisons.length;
  const after = `After ${updates.toLocaleString('en-US')} updates`;
  const obstacles = [
    ...(missing > 0 ? [`Not measured for both encoders: ${missing} of the ${all} measures`] : []),
    ...(standIns.length > 0 ? [`${standIns.join(' and ')} stand in for the paper's data`] : []),
    ...(seeds < fewestSeeds ? [`Too few seeds: ${seeds}, at least ${fewestSeeds} are needed`] : []),
    ...(comparisons.length > 0 && judged.length <= all / 2
      ? [
          `Wrong scale: ${after.toLowerCase()} encoders of ${units} units are at least half of the way from untrained ones to the paper's plain one in ${judged.length} of ${all} measures`,
        ]
      : []),
  ];
  const reason = [
    ...obstacles,
    ...(seeds > 1
      ? [
          `${after} layer normalization is better in ${list(withSign(comparisons, 1))} and worse in ${list(withSign(comparisons, -1))}, at the 95 % level of a paired t-test over ${seeds} seeds`,
        ]
      : []),
    ...comparisons.map(describeComparison),
    ...describeCrossEntropy(rows),
  ];
  const isMostlyBetter = withSign(judged, 1).length > judged.length / 2;
  const decided = withSign(judged, -1).length > 0 ? 'does not hold' : isMostlyBetter ? 'holds' : 'inconclusive';
  return {
    outcome: obstacles.length > 0 ? 'inconclusive' : decided,
    reason: reason.map((sentence) => `${sentence}.`).join(' '),
  };
}

function list(comparisons: readonly MeasureComparison[]): string {
  return comparisons.length > 0 ? comparisons.map(({ measure }) => measure.label).join(', ') : 'none';
}

function describeComparison({ measure, values, advantage }: MeasureComparison): string {
  const { label, decimals, isBetter } = measure;
  const difference = (isBetter === 'higher' ? 1 : -1) * advantage.mean;
  const error = advantage.count > 1 ? ` with standard error ${advantage.standardError.toFixed(decimals + 1)}` : '';
  return `${label}: ${written(values.layer, decimals)} against ${written(values.none, decimals)}, difference ${difference.toFixed(decimals + 1)}${error}`;
}

/** Where the curves end, and how soon the normalized model is as good as the plain one ever gets. */
function describeCrossEntropy(rows: readonly Measurement[]): string[] {
  const metric = crossEntropyMetric;
  const last = stepsOf(rows, { metric, subject: 'layer' }).at(-1);
  if (last === undefined) return [];
  const [plain, normalized] = encoders.map((subject) =>
    spreadOf([...valuesBySeed(rows, { metric, subject }, last).values()]),
  );
  if (!plain || !normalized) return [];
  const { mean, standardError } = pairedDifference(rows, metric, { subject: 'layer', baseline: 'none', step: last });
  const share = shareOfBaselineTime(rows, metric, { subject: 'layer', baseline: 'none', better: 'lower' });
  const error = Number.isFinite(standardError) ? ` with standard error ${standardError.toFixed(3)}` : '';
  return [
    `The decoders' cross-entropy on held-out text after ${last.toLocaleString('en-US')} updates is ${written(normalized, 3)} ${crossEntropyUnit} with layer normalization against ${written(plain, 3)}, paired difference ${mean.toFixed(3)}${error}`,
    share
      ? `It reaches the plain model's best in ${percent(share.steps)} of its updates and ${percent(share.seconds)} of its time`
      : "It does not reach the plain model's best",
  ];
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(100 * share)} %` : 'an unmeasured share';
}

function written({ mean, standardDeviation, count }: Spread, decimals: number): string {
  return count > 1 ? `${mean.toFixed(decimals)} ± ${standardDeviation.toFixed(decimals)}` : mean.toFixed(decimals);
}

/** Table 3, the paper's rows above ours. */
function tabulateMeasures(rows: readonly Measurement[], updates: number): Table {
  const ours = encoders.flatMap((encoder) =>
    [updates, 0].map((update) => [
      `${encoderLabels[encoder]}, ${update === 0 ? 'untrained' : `${update.toLocaleString('en-US')} updates`}`,
      ...downstreamMeasures.map(({ metric, decimals }) => {
        const spread = spreadOf([...valuesBySeed(rows, { metric, subject: encoder }, update).values()]);
        return spread && written(spread, decimals);
      }),
    ]),
  );
  return {
    title: 'Table 3: the paper’s numbers, and ours as mean and standard deviation over seeds',
    columns: [{ label: 'encoder' }, ...downstreamMeasures.map(({ label }) => ({ label }))],
    rows: [
      ...paperRows.map((label, row) => [
        label,
        ...downstreamMeasures.map(({ paper, decimals }) => paper[row]!.toFixed(decimals)),
      ]),
      ...ours,
    ],
  };
}

function tabulateDifferences(rows: readonly Measurement[], updates: number): Table {
  const paperDifference = ({ paper, decimals }: DownstreamMeasure) => (paper[2] - paper[1]).toFixed(decimals);
  return {
    title: `Layer normalization minus plain after ${updates.toLocaleString('en-US')} updates, paired by seed`,
    columns: [
      { label: 'measure' },
      { label: 'difference' },
      { label: 'standard error' },
      { label: 'seeds' },
      { label: 'verdict' },
      { label: 'of the way from untrained to the paper’s plain' },
      { label: 'the paper’s difference' },
    ],
    rows: downstreamMeasures.flatMap((measure) => {
      const comparison = compareMeasure(rows, measure, updates);
      if (!comparison) return [];
      const { advantage, progress } = comparison;
      const sign = measure.isBetter === 'higher' ? 1 : -1;
      return [
        [
          `${measure.label} (${measure.isBetter} is better)`,
          (sign * advantage.mean).toFixed(measure.decimals + 1),
          advantage.count > 1 ? advantage.standardError.toFixed(measure.decimals + 1) : undefined,
          advantage.count,
          { '1': 'better', '0': 'within chance', '-1': 'worse' }[signOf(advantage)],
          percent(progress),
          paperDifference(measure),
        ],
      ];
    }),
  };
}

/** What it takes to get where the plain model gets. */
function tabulateCosts(rows: readonly Measurement[]): Table {
  const metric = crossEntropyMetric;
  const best = bestOf(rows, { metric, subject: 'none' }, 'lower');
  return {
    title: 'Cross-entropy on held-out text, and what it takes to reach the plain model’s best',
    columns: [
      { label: 'model' },
      { label: `last, ${crossEntropyUnit}` },
      { label: 'updates to the plain model’s best' },
      { label: 'seconds an update' },
      { label: 'seconds to the plain model’s best' },
    ],
    rows: encoders.map((subject) => {
      const last = stepsOf(rows, { metric, subject }).at(-1) ?? 0;
      const spread = spreadOf([...valuesBySeed(rows, { metric, subject }, last).values()]);
      const reached = best && firstStepAt(rows, { metric, subject }, best.mean, 'lower');
      const seconds = secondsPerUpdate(rows, subject);
      return [
        encoderLabels[subject],
        spread && written(spread, 3),
        reached ?? (best && 'not reached'),
        Number.isFinite(seconds) ? seconds : undefined,
        reached !== undefined && Number.isFinite(seconds) ? reached * seconds : undefined,
      ];
    }),
  };
}
