/** The verdict on Tables 2 and 3, and what the report shows; pure functions of what was measured. */
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement, Summary, SummaryImage, Verdict } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import { outsideColour } from './affinity-maps.ts';
import { chartAffinityWeights, positiveShare, tabulateAffinityWeights } from './affinity-weights.ts';
import { chartClassColours, chartDifferences, chartTraining } from './chart-segmentation.ts';
import { chosenMetrics } from './choose-rivals.ts';
import {
  compareMethods,
  isAbove,
  isBelow,
  scoreOf,
  whyNoVerdict,
  writePercent,
  writePoints,
} from './compare-methods.ts';
import type { NetworkParams } from './network-params.ts';
import { backEndKinds, backEndNames } from './refinement-methods.ts';
import { meanIoUMetric, measuredBackEnds, microIoUMetric, pictureCounts } from './segmentation-metrics.ts';
import { tabulateClasses, tabulateDifferences, tabulateScores } from './tabulate-segmentation.ts';

/** Mean IoUs this near are similar: the paper's words are for differences of 0.0 to 0.2 points. */
const similarWithin = 0.005;

export function summarizeSegmentation(
  rows: readonly Measurement[],
  params: Pick<NetworkParams, 'backEndTraining' | 'radius'>,
  images: readonly EvaluationImage[] = [],
): Summary {
  const charts = [
    chartDifferences(rows),
    chartTraining(rows, params.backEndTraining.updates),
    chartAffinityWeights(rows),
    chartClassColours(rows),
  ];
  return {
    verdict: judgeSegmentation(rows),
    tables: [tabulateScores(rows), tabulateDifferences(rows), tabulateClasses(rows), tabulateAffinityWeights(rows)],
    charts: charts.filter((chart) => chart !== undefined),
    images: images.map((image) => describeImage(image, params.radius)),
    remarks: [
      `One step is ŷ = A f between the pixels at R = ${params.radius}, the same walk whose limit predicts; the wide step of the training is random-walk/radius’s.`,
      'Beside DeepLab-DT’s 76.6 and 78.7 the paper puts a random walk network of 76.7 and 78.8, not the one of its other rows.',
      ...measuredBackEnds(rows).flatMap((backEnd) => [...remarkWeights(rows, backEnd), ...remarkChosen(rows, backEnd)]),
    ],
  };
}

/**
 * Holds where the network's mean IoU is above its back-end's for every back-end, by more than two standard errors of the paired
 * difference, and nowhere certainly below the CRF's by more than half a point. Does not hold where one of them is certainly otherwise.
 */
export function judgeSegmentation(rows: readonly Measurement[]): Verdict {
  const counts = pictureCounts(rows);
  const compared = backEndKinds.map((backEnd) => ({
    backEnd,
    alone: compareMethods(rows, meanIoUMetric, { of: backEnd, method: 'walked', baseline: 'alone' }),
    crf: compareMethods(rows, meanIoUMetric, { of: backEnd, method: 'walked', baseline: 'crf' }),
  }));
  const missing = compared.filter(({ alone, crf }) => Math.min(alone.seeds, crf.seeds) === 0);
  if (!counts || missing.length > 0) {
    const names = missing.map(({ backEnd }) => backEndNames[backEnd]).join(', ');
    return { outcome: 'inconclusive', reason: `Not measured: ${names || 'the pictures'}.` };
  }
  const numbers = compared
    .map(({ backEnd, alone, crf }) => {
      const mean = (method: 'alone' | 'crf' | 'walked') =>
        writePercent(scoreOf(rows, meanIoUMetric, backEnd, method)) ?? '–';
      const overall = compareMethods(rows, microIoUMetric, { of: backEnd, method: 'walked', baseline: 'alone' });
      return `${backEndNames[backEnd]}: ${mean('alone')} alone, ${mean('crf')} with CRF, ${mean('walked')} as random walk network, which is ${writePoints(alone)} points against the back-end (higher in ${alone.higher} of ${alone.seeds} seeds; micro IoU ${writePoints(overall)}) and ${writePoints(crf)} against the CRF.`;
    })
    .join(' ');
  const reason = `Mean IoU in percent on ${counts.dataset}, differences paired by seed ± standard error. ${numbers}`;
  const seeds = Math.min(...compared.map(({ alone }) => alone.seeds));
  const why = whyNoVerdict(counts, seeds);
  if (why) return { outcome: 'inconclusive', reason: `${why} ${reason}` };
  const improves = compared.every(({ alone }) => isAbove(alone));
  const isNearCrf = compared.every(({ crf }) => crf.mean > -similarWithin);
  const isRefuted = compared.some(({ alone, crf }) => isBelow(alone) || isBelow(crf, -similarWithin));
  const outcome = isRefuted ? 'does not hold' : improves && isNearCrf ? 'holds' : 'inconclusive';
  return { outcome, reason };
}

function remarkWeights(rows: readonly Measurement[], backEnd: BackEndKind): readonly string[] {
  const shares = positiveShare(rows, backEnd);
  if (shares.length === 0) return [];
  const percents = shares.map((share) => (100 * share).toFixed(0)).join(', ');
  return [`${backEndNames[backEnd]}: ${percents} % of the learned θ are positive, seed by seed.`];
}

function remarkChosen(rows: readonly Measurement[], backEnd: BackEndKind): readonly string[] {
  const chosen = (metric: string) => {
    const values = rows.filter((row) => row.metric === metric && row.subject === backEnd).map(({ value }) => value);
    return [...new Set(values.map((value) => Number(value.toPrecision(3))))].sort((a, b) => a - b).join(', ');
  };
  if (chosen(chosenMetrics.crfColourScale) === '') return [];
  const transform =
    backEnd === 'large-fov'
      ? `; domain transform: σs ${chosen(chosenMetrics.transformSpatialScale)}, σr ${chosen(chosenMetrics.transformRangeScale)}`
      : '';
  return [
    `${backEndNames[backEnd]}: chosen over the seeds for the CRF: w₁ ${chosen(chosenMetrics.crfCompatibility)}, θβ ${chosen(chosenMetrics.crfColourScale)}${transform}.`,
  ];
}

/** Names are BACK-END/SEED/KIND/PICTURE, see evaluate-segmentation.ts. */
function describeImage({ name, ...pixels }: EvaluationImage, radius: number): SummaryImage {
  const [backEnd, seed, kind, ...picture] = name.split('/') as [BackEndKind, string, string, ...string[]];
  const title = `${backEndNames[backEnd]}, ${seed!.replace('-', ' ')}: ${picture.join('/')}`;
  const caption =
    kind === 'picture'
      ? 'Figures 3 and 4, from left to right: picture, truth, back-end alone, back-end with dense CRF, random walk network. Validation pictures spread evenly over the list, as chosen before there were results.'
      : `Learned affinities of pixels at boundaries, spread evenly over those of the picture: above, the picture within R = ${radius} around the pixel, below it the truth, then the affinity to the pixel in the middle, from black (0) to white (1); ${outsideColour} is beyond R.`;
  return { title: kind === 'picture' ? title : `Affinities, ${title}`, caption, ...pixels };
}
