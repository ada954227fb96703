/** Tables, charts and the verdict of `alpha`; pure functions of what was measured. */
import type { Measurement, Summary, Table } from '../../pipeline/experiment.ts';
import {
  type AffinityKind,
  affinityKinds,
  affinityNames,
  alphaMetrics,
  earlySteps,
  readingsOf,
  subjectOf,
  sweptDiffusions,
} from './alpha-metrics.ts';
import { chartAlpha, chartConvergence } from './chart-alpha.ts';
import { judgeAlpha } from './judge-alpha.ts';
import { labelMetrics, trimapWidth } from './label-measures.ts';
import { remarkClasses } from './measured-pictures.ts';
import type { NetworkParams } from './network-params.ts';
import { type Place, pairedSpread, spreadAt, writeSpread } from './over-seeds.ts';
import { describeDataset } from './segmentation-metrics.ts';

export type AlphaSummaryParams = Pick<NetworkParams, 'diffusion' | 'radius'> & {
  readonly otherDiffusions: readonly number[];
  readonly colourWeight: number;
};

/** α of the walk in the author's related code, as references to it give it. */
const relatedDiffusion = 0.9756;

export function summarizeAlpha(rows: readonly Measurement[], params: AlphaSummaryParams): Summary {
  const diffusions = sweptDiffusions(params);
  return {
    verdict: judgeAlpha(rows, params),
    tables: [
      ...affinityKinds.map((affinities) => tabulateSweep(rows, params, affinities)),
      tabulateValues(rows, params),
    ],
    charts: [chartAlpha(rows, diffusions), chartConvergence(rows, diffusions)],
    remarks: [
      ...remarkClasses(rows),
      `Networks are LargeFOV's. They are trained with one whole step of the walk, ŷ = A f, which no reading of α touches; every walk here goes along a disc of R = ${params.radius}.`,
      `Hand-set affinities are exp(${params.colourWeight} · Σ |difference of a colour|), colours from 0 to 1, over a back-end that was trained as long and has seen no walk: what they say of α owes nothing to the training of affinities.`,
      'Differences are paired by seed; ± is one standard error over seeds.',
      ...affinityKinds.flatMap((affinities) => remarkBest(rows, diffusions, affinities)),
      remarkOnValues(rows, params),
    ],
  };
}

function readingOf(diffusion: number, params: AlphaSummaryParams): string | undefined {
  const { alpha, printed, other } = readingsOf(params);
  if (diffusion === 0) return 'no walk';
  if (diffusion === printed) return `α = ${alpha} weighs the walk, as printed`;
  if (diffusion === other) return `α = ${alpha} weighs f`;
  return diffusion === relatedDiffusion ? 'the walk’s weight in the author’s related code' : undefined;
}

function tabulateSweep(rows: readonly Measurement[], params: AlphaSummaryParams, affinities: AffinityKind): Table {
  const subject = subjectOf(affinities, 'scores');
  const body = sweptDiffusions(params).map((diffusion) => {
    const at = (metric: string): Place => ({ metric, subject, step: diffusion });
    const from = (metric: string): Place => ({ metric, subject, step: 0 });
    const isWalk = diffusion > 0;
    const { meanIoU, trimapError } = labelMetrics;
    return [
      diffusion,
      readingOf(diffusion, params),
      writeSpread(spreadAt(rows, at(meanIoU)), 100),
      isWalk ? writeSpread(pairedSpread(rows, at(meanIoU), from(meanIoU)), 100) : undefined,
      isWalk ? writeSpread(pairedSpread(rows, at(meanIoU), at(alphaMetrics.earlyMeanIoU)), 100) : undefined,
      writeSpread(spreadAt(rows, at(labelMetrics.microIoU)), 100),
      writeSpread(spreadAt(rows, at(trimapError)), 100),
      isWalk ? writeSpread(pairedSpread(rows, at(trimapError), from(trimapError)), 100) : undefined,
      isWalk ? writeSpread(spreadAt(rows, at(alphaMetrics.changed)), 100, 3) : undefined,
      isWalk ? writeSpread(spreadAt(rows, at(alphaMetrics.changedLate)), 100, 3) : undefined,
      isWalk ? spreadAt(rows, at(alphaMetrics.fixedPointSteps))?.mean : undefined,
    ];
  });
  return {
    title: `${affinityNames[affinities]}: the walk over scores to its limit, by its weight in Eq. 1 (${describeDataset(rows)})`,
    columns: [
      { label: 'weight of the walk', digits: 4 },
      { label: 'reading' },
      { label: 'mean IoU (%)' },
      { label: 'change by the walk (points)' },
      { label: `of it after step ${earlySteps}` },
      { label: 'micro IoU (%)' },
      { label: `error in a ${trimapWidth} px trimap (%)` },
      { label: 'change by the walk (points)' },
      { label: 'labels changed (%)' },
      { label: `labels that change after step ${earlySteps} (%)` },
      { label: 'steps of Eq. 1 to 1e-3' },
    ],
    rows: body,
  };
}

/** f before the softmax, as the network is trained, or after it. */
function tabulateValues(rows: readonly Measurement[], params: AlphaSummaryParams): Table {
  const { meanIoU, trimapError } = labelMetrics;
  const body = affinityKinds.flatMap((affinities) =>
    sweptDiffusions(params)
      .filter((diffusion) => diffusion > 0)
      .map((diffusion) => {
        const of = (metric: string, values: 'scores' | 'probabilities'): Place => {
          return { metric, subject: subjectOf(affinities, values), step: diffusion };
        };
        const difference = (metric: string) =>
          writeSpread(pairedSpread(rows, of(metric, 'probabilities'), of(metric, 'scores')), 100);
        return [
          affinityNames[affinities],
          diffusion,
          writeSpread(spreadAt(rows, of(meanIoU, 'scores')), 100),
          writeSpread(spreadAt(rows, of(meanIoU, 'probabilities')), 100),
          difference(meanIoU),
          difference(trimapError),
        ];
      }),
  );
  return {
    title: `A walk over scores, as it is trained, and over probabilities (${describeDataset(rows)})`,
    columns: [
      { label: 'network and affinities' },
      { label: 'weight of the walk', digits: 4 },
      { label: 'mean IoU of scores (%)' },
      { label: 'of probabilities (%)' },
      { label: 'probabilities minus scores (points)' },
      { label: `and of the error in a ${trimapWidth} px trimap (points)` },
    ],
    rows: body,
  };
}

function remarkBest(rows: readonly Measurement[], diffusions: readonly number[], affinities: AffinityKind) {
  const subject = subjectOf(affinities, 'scores');
  const found = diffusions.flatMap((diffusion) => {
    const iou = spreadAt(rows, { metric: labelMetrics.meanIoU, subject, step: diffusion });
    return iou ? [{ diffusion, mean: iou.mean }] : [];
  });
  if (found.length === 0) return [];
  const best = found.reduce((a, b) => (b.mean > a.mean ? b : a));
  const name = `${affinityNames[affinities][0]!.toUpperCase()}${affinityNames[affinities].slice(1)}`;
  return [
    `${name}: the mean IoU is highest, ${(100 * best.mean).toFixed(2)} %, ${best.diffusion === 0 ? 'without a walk' : `at a weight of ${best.diffusion}`}.`,
  ];
}

function remarkOnValues(rows: readonly Measurement[], { diffusion }: AlphaSummaryParams): string {
  const of = (values: 'scores' | 'probabilities'): Place => {
    return { metric: labelMetrics.meanIoU, subject: subjectOf('trained', values), step: diffusion };
  };
  const difference = pairedSpread(rows, of('probabilities'), of('scores'));
  if (!difference) return 'The paper walks over scores: the softmax comes after its walk.';
  const clear = difference.count > 1 && Math.abs(difference.mean) > 2 * difference.standardError;
  const better = difference.mean > 0 ? 'probabilities' : 'scores';
  return `The paper walks over scores: the softmax comes after its walk. At a weight of ${diffusion}, probabilities minus scores make ${writeSpread(difference, 100)} points of mean IoU: ${clear ? `${better} are better` : 'no difference that counts'}.`;
}
