/** Table 2 and the verdict; pure functions of what was measured. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { chartRecall } from './chart-image-sentence-ranking.ts';
import { pairedDifference, type Spread, signOf, spreadOf, writeSpread } from './paired-difference.ts';
import {
  bySeed,
  curveOf,
  directions,
  foldMetric,
  keptUpdateMetric,
  paperTable,
  picturesMetric,
  type RankingSubject,
  rankingModels,
  type ScoreName,
  scoreMetric,
  scoreNames,
  secondsMetric,
  selectionMetric,
} from './ranking-metrics.ts';

const fewestSeeds = 5;
/** With fewer, what is measured is a place holder. */
const fewestPictures = 1000;
const scores = Object.keys(scoreNames) as readonly ScoreName[];

export function summarizeRanking(rows: readonly Measurement[]): Summary {
  return {
    verdict: judge(rows),
    tables: [tabulateScores(rows), tabulateSpeed(rows)],
    charts: chartRecall(rows),
    remarks: [
      'Recalls are percentages; R@K counts a query whose answer is among the first K, and what has the same error as the answer stands before it. Mean over the test folds, then mean ± standard deviation over seeds.',
      'All models of a seed see the same pictures with the same captions in the same order; differences are paired by seed, and count where they exceed two standard errors.',
      'The paper’s numbers are for MS-COCO, with folds of 1000 pictures and 5000 captions: they are beside ours to show what differs between models there, not how large a recall should be here.',
    ],
  };
}

/** Ours and the paper's. */
function tabulateScores(rows: readonly Measurement[]): Table {
  const ours = [...rankingModels].reverse().map(({ subject, label }) => {
    const cells = directions.flatMap((direction) =>
      scores.map((score) => {
        const values = [...bySeed(rows, subject, scoreMetric('test', direction, score)).values()];
        if (values.length === 0) return undefined;
        const { mean, standardDeviation } = spreadOf(values);
        return `${mean.toFixed(1)} ± ${standardDeviation.toFixed(1)}`;
      }),
    );
    return [label, ...cells];
  });
  const paper = Object.entries(paperTable).map(([label, values]) => [label, ...values]);
  const [pictures] = [...bySeed(rows, 'plain', foldMetric).values()];
  return {
    title: `Table 2: retrieval on the test folds${pictures === undefined ? '' : ` of ${pictures} pictures and ${5 * pictures} captions`}`,
    columns: [
      { label: 'model' },
      ...directions.flatMap((direction) => scores.map((score) => ({ label: `${direction} ${scoreNames[score]}` }))),
    ],
    rows: [...ours, ...paper],
  };
}

function tabulateSpeed(rows: readonly Measurement[]): Table {
  const body = [...rankingModels].reverse().map(({ subject, label }) => {
    const kept = spreadOf([...bySeed(rows, subject, keptUpdateMetric).values()]).mean;
    const [seconds] = [...bySeed(rows, subject, secondsMetric).values()];
    const reached = reachBaseline(rows, subject);
    return [
      label,
      seconds === undefined ? undefined : 1000 * seconds,
      Number.isNaN(kept) ? undefined : kept,
      seconds === undefined || Number.isNaN(kept) ? undefined : kept * seconds,
      reached.shares.length === 0 ? undefined : 100 * spreadOf(reached.shares).mean,
      reached.seeds === 0 ? undefined : `${reached.shares.length} of ${reached.seeds}`,
    ];
  });
  return {
    title: 'Time to the best validation model, and to the best of OE',
    columns: [
      { label: 'model' },
      { label: 'ms an update' },
      { label: 'updates to its best' },
      { label: 'seconds to its best' },
      { label: '% of OE’s updates to reach OE’s best' },
      { label: 'seeds that reach it' },
    ],
    rows: [...body, ['OE + LN, the paper', undefined, undefined, undefined, '60 % of the time to its best', undefined]],
  };
}

/** By seed: the share of OE's updates to its best validation score after which the subject is as good, where it ever is. */
export function reachBaseline(
  rows: readonly Measurement[],
  subject: RankingSubject,
): { readonly shares: readonly number[]; readonly seeds: number } {
  const shares: number[] = [];
  const baseline = bySeed(rows, 'plain', keptUpdateMetric);
  let seeds = 0;
  for (const [seed, bestUpdate] of baseline) {
    const target = curveOf(rows, 'plain', selectionMetric, seed).find(({ update }) => update === bestUpdate)?.value;
    const curve = curveOf(rows, subject, selectionMetric, seed);
    if (target === undefined || curve.length === 0) continue;
    seeds += 1;
    const reached = curve.find(({ value }) => value >= target);
    if (reached) shares.push(reached.update / bestUpdate);
  }
  return { shares, seeds };
}

/** Mean of the selection score over the validations, by seed: the higher, the faster and the further a model came. */
function meanOfCurves(rows: readonly Measurement[], subject: RankingSubject): ReadonlyMap<number, number> {
  return new Map(
    [...bySeed(rows, subject, keptUpdateMetric).keys()].map((seed) => [
      seed,
      spreadOf(curveOf(rows, subject, selectionMetric, seed).map(({ value }) => value)).mean,
    ]),
  );
}

/** Sum of the six test recalls, by seed. */
function testSums(rows: readonly Measurement[], subject: RankingSubject): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const direction of directions) {
    for (const score of ['recallAt1', 'recallAt5', 'recallAt10'] as const) {
      for (const [seed, value] of bySeed(rows, subject, scoreMetric('test', direction, score))) {
        sums.set(seed, (sums.get(seed) ?? 0) + value);
      }
    }
  }
  return sums;
}

/** Holds where layer normalization is ahead on both the whole validation curve and the test folds; each alone can refute. */
function judge(rows: readonly Measurement[]): Verdict {
  const speed = pairedDifference(meanOfCurves(rows, 'layer-normalized'), meanOfCurves(rows, 'plain'));
  const test = pairedDifference(testSums(rows, 'layer-normalized'), testSums(rows, 'plain'));
  if (test.count === 0) return { outcome: 'inconclusive', reason: 'Not measured: OE, OE + LN.' };
  const numbers = describe(rows, speed, test);
  const pictures = [...bySeed(rows, 'plain', picturesMetric).values()][0] ?? 0;
  if (pictures < fewestPictures) {
    return {
      outcome: 'inconclusive',
      reason: `Wrong scale: ${pictures} training pictures, at least ${fewestPictures} are needed. ${numbers}`,
    };
  }
  if (test.count < fewestSeeds) {
    return {
      outcome: 'inconclusive',
      reason: `Too few seeds: ${test.count}, at least ${fewestSeeds} are needed. ${numbers}`,
    };
  }
  const signs = [signOf(speed), signOf(test)];
  const outcome = signs.every((sign) => sign === 'above')
    ? 'holds'
    : signs.includes('below')
      ? 'does not hold'
      : 'inconclusive';
  return { outcome, reason: numbers };
}

function describe(rows: readonly Measurement[], speed: Spread, test: Spread): string {
  const { shares, seeds } = reachBaseline(rows, 'layer-normalized');
  const reached =
    shares.length === 0
      ? `none of ${seeds} trainings with layer normalization reaches OE’s best validation score`
      : `${shares.length} of ${seeds} trainings with layer normalization reach OE’s best validation score, after ${(100 * spreadOf(shares).mean).toFixed(0)} % of its updates on average`;
  const time = timeShare(rows);
  return [
    `OE + LN minus OE, mean over ${test.count} seeds ± standard error, percentage points: R@1 + R@5 + R@10 of image retrieval averaged over the validation curve ${writeSpread(speed)}; the six recalls of the test folds together ${writeSpread(test)}`,
    reached,
    ...(time === undefined
      ? []
      : [`to its own best model OE + LN takes ${(100 * time).toFixed(0)} % of OE’s time (the paper: 60 %)`]),
  ]
    .map((sentence) => `${sentence[0]!.toUpperCase()}${sentence.slice(1)}.`)
    .join(' ');
}

/** Time to the own best model with layer normalization, as a share of the plain model's. */
function timeShare(rows: readonly Measurement[]): number | undefined {
  const secondsTo = (subject: RankingSubject) => {
    const [seconds] = [...bySeed(rows, subject, secondsMetric).values()];
    return (seconds ?? Number.NaN) * spreadOf([...bySeed(rows, subject, keptUpdateMetric).values()]).mean;
  };
  const share = secondsTo('layer-normalized') / secondsTo('plain');
  return Number.isFinite(share) ? share : undefined;
}
