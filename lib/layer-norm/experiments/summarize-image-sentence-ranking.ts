/** Table 2, Figure 1 and the verdict; pure functions of what was measured. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { type Estimate, estimateOf, pairedDifference, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { chartLearningCurves } from './chart-learning-curves.ts';
import { secondsPerUpdate, shareOfBaselineTime } from './learning-curves.ts';
import {
  curveMeanMetric,
  directions,
  foldMetric,
  keptUpdateMetric,
  paperTable,
  picturesMetric,
  type RankingSubject,
  rankingModels,
  recallNames,
  type ScoreName,
  scoreMetric,
  scoreNames,
  selectionMetric,
  testSumMetric,
} from './ranking-metrics.ts';

const fewestSeeds = 5;
/** A tenth of the paper's: with fewer, the recalls of all models end where the pictures do. */
const fewestPictures = 11_000;
/** MS-COCO's training pictures in Karpathy's split. */
const paperPictures = 113_287;
const scores = Object.keys(scoreNames) as readonly ScoreName[];
const [proposed, baseline] = ['layer-normalized', 'plain'] as const satisfies RankingSubject[];

export function summarizeRanking(rows: readonly Measurement[]): Summary {
  return {
    verdict: judge(rows),
    tables: [tabulateScores(rows), tabulateSpeed(rows)],
    charts: recallNames.map((score) =>
      chartLearningCurves(rows, {
        title: `Image retrieval on the validation pictures: ${scoreNames[score]}`,
        caption: `Figure 1: mean over seeds, the band one standard error. Seconds are updates times the median time of one, measured in turns on one machine; validations are not in them.`,
        metric: scoreMetric('validation', 'image', score),
        yTitle: `${scoreNames[score]} (%)`,
        subjects: Object.fromEntries(rankingModels.map(({ subject, label }) => [subject, label])),
      }),
    ),
    remarks: [
      'Recalls are percentages; R@K counts a query whose answer is among the first K, and what has the same error as the answer stands before it. Mean over the test folds, then mean ± standard error over seeds.',
      'All models of a seed see the same pictures with the same captions in the same order; differences are paired by seed, and count where they exceed two standard errors.',
      'The paper’s numbers are for MS-COCO, with folds of 1000 pictures and 5000 captions: they are beside ours to show what differs between models there, not how large a recall should be here.',
    ],
  };
}

function valuesOf(rows: readonly Measurement[], subject: RankingSubject, metric: string): readonly number[] {
  return [...valuesBySeed(rows, { metric, subject }, 0).values()];
}

/** Ours, Sym first as in the paper, then the paper's. */
function tabulateScores(rows: readonly Measurement[]): Table {
  const ours = rankingModels.toReversed().map(({ subject, label }) => {
    const cells = directions.flatMap((direction) =>
      scores.map((score) => {
        const values = valuesOf(rows, subject, scoreMetric('test', direction, score));
        return values.length === 0 ? undefined : write(estimateOf(values), 1);
      }),
    );
    return [label, ...cells];
  });
  const paper = Object.entries(paperTable).map(([label, values]) => [label, ...values]);
  const [pictures] = valuesOf(rows, baseline, foldMetric);
  const size = pictures === undefined ? '' : ` of ${pictures} pictures and ${5 * pictures} captions`;
  return {
    title: `Table 2: retrieval on the test folds${size}`,
    columns: [
      { label: 'model' },
      ...directions.flatMap((direction) => scores.map((score) => ({ label: `${direction} ${scoreNames[score]}` }))),
    ],
    rows: [...ours, ...paper],
  };
}

function tabulateSpeed(rows: readonly Measurement[]): Table {
  const body = rankingModels.toReversed().map(({ subject, label }) => {
    const kept = valuesOf(rows, subject, keptUpdateMetric);
    const seconds = secondsPerUpdate(rows, subject);
    const updates = estimateOf(kept).mean;
    const share = shareOfBaselineTime(rows, selectionMetric, { subject, baseline, better: 'higher' });
    const finite = (value: number) => (Number.isFinite(value) ? value : undefined);
    return [
      label,
      finite(1000 * seconds),
      finite(updates),
      finite(updates * seconds),
      share === undefined ? (kept.length > 0 ? 'never' : undefined) : finite(100 * share.steps),
      share && finite(100 * share.seconds),
    ];
  });
  return {
    title: 'Time to the best model by validation, and until the mean curve is as high as OE’s ever is',
    columns: [
      { label: 'model' },
      { label: 'ms an update' },
      { label: 'updates to its best' },
      { label: 'seconds to its best' },
      { label: '% of OE’s updates to OE’s best' },
      { label: '% of OE’s time to OE’s best' },
    ],
    rows: [...body, ['OE + LN, the paper', undefined, undefined, '60 % of OE’s', undefined, undefined]],
  };
}

/** Holds where layer normalization is ahead on the whole validation curve and on the test folds; either can refute. */
function judge(rows: readonly Measurement[]): Verdict {
  const [curve, test] = [curveMeanMetric, testSumMetric].map((metric) =>
    pairedDifference(rows, metric, { subject: proposed, baseline, step: 0 }),
  ) as [Estimate, Estimate];
  if (test.seeds === 0) return { outcome: 'inconclusive', reason: 'Not measured: OE, OE + LN.' };
  const pictures = valuesOf(rows, baseline, picturesMetric)[0] ?? 0;
  const numbers = `Trained on ${pictures} pictures (the paper: ${paperPictures}). ${describe(rows, curve, test)}`;
  if (pictures < fewestPictures) {
    return {
      outcome: 'inconclusive',
      reason: `Wrong scale: at least ${fewestPictures} training pictures are needed. ${numbers}`,
    };
  }
  if (test.seeds < fewestSeeds) {
    const reason = `Too few seeds: ${test.seeds}, at least ${fewestSeeds} are needed. ${numbers}`;
    return { outcome: 'inconclusive', reason };
  }
  const isAhead = [curve, test].map(({ mean, standardError }) => mean > 2 * standardError);
  const isBehind = [curve, test].map(({ mean, standardError }) => mean < -2 * standardError);
  const outcome = isAhead.every(Boolean) ? 'holds' : isBehind.some(Boolean) ? 'does not hold' : 'inconclusive';
  return { outcome, reason: numbers };
}

function describe(rows: readonly Measurement[], curve: Estimate, test: Estimate): string {
  const share = shareOfBaselineTime(rows, selectionMetric, { subject: proposed, baseline, better: 'higher' });
  const secondsTo = (subject: RankingSubject) =>
    estimateOf(valuesOf(rows, subject, keptUpdateMetric)).mean * secondsPerUpdate(rows, subject);
  const ownBest = secondsTo(proposed) / secondsTo(baseline);
  return [
    `OE + LN minus OE, paired by seed (${test.seeds}), in percentage points: R@1 + R@5 + R@10 of image retrieval averaged over the validation curve ${write(curve, 2)}, the six recalls of the test folds together ${write(test, 2)}.`,
    share
      ? `Its mean validation curve is as high as OE’s ever is after ${(100 * share.steps).toFixed(0)} % of OE’s updates.`
      : 'Its mean validation curve is never as high as OE’s best.',
    ...(Number.isFinite(ownBest)
      ? [`To its own best model it takes ${(100 * ownBest).toFixed(0)} % of OE’s time (the paper: 60 %).`]
      : []),
  ].join(' ');
}

/** Mean ± standard error, the latter where there is one. */
function write({ mean, standardError }: Estimate, decimals: number): string {
  const error = Number.isFinite(standardError) ? ` ± ${standardError.toFixed(decimals)}` : '';
  return `${mean.toFixed(decimals)}${error}`;
}
