/** Walks to their limits by several weights of the walk, over the pictures that validate one training. */
import { DatasetCorrupt } from '../../datasets/errors.ts';
import { indexFile } from '../../datasets/labelled-pictures.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { BaseEvaluation, Measurement } from '../../pipeline/experiment.ts';
import { ConfusionMatrix } from '../evaluation/confusion-matrix.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { classProbabilities, type PictureWalk, startWalk, walkSteps, walkToLimit } from '../predict.ts';
import { alonePhase, type SegmentationTrial } from '../training/segmentation-networks.ts';
import {
  type AffinityKind,
  affinityKinds,
  alphaMetrics,
  earlySteps,
  subjectOf,
  type WalkedValues,
} from './alpha-metrics.ts';
import { countDifferentLabels, LabelMeasures } from './label-measures.ts';
import { limitScores } from './limit-scores.ts';
import { measuredPictures } from './measured-pictures.ts';
import { affinityWeightsOf, type ValidationPicture, validationPictures } from './validation-pictures.ts';

export interface AlphaEvaluation extends BaseEvaluation {
  readonly trial: SegmentationTrial;
  readonly validationImages: number;
  /** In ascending order from 0. */
  readonly diffusions: readonly number[];
  readonly radius: number;
  /** θ of each colour, for the back-end that was trained without a walk. */
  readonly colourWeight: number;
  /** So many pictures are also walked over by the steps of Eq. 1, to count them. */
  readonly fixedPointImages: number;
}

/** One weight of the walk over one f. */
interface Swept {
  readonly affinities: AffinityKind;
  readonly values: WalkedValues;
  readonly diffusion: number;
  readonly limit: LabelMeasures;
  readonly early: ConfusionMatrix;
  changed: number;
  changedLate: number;
  fixedPointSteps: number;
}

export async function evaluateAlpha(
  evaluation: AlphaEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trial, diffusions, radius, colourWeight, fixedPointImages } = evaluation;
  const { seed } = trial;
  const variant = trial.variants[0]!.name;
  const model = await context.model(trial.name);
  const weights: Record<AffinityKind, ArrayLike<number>> = {
    trained: affinityWeightsOf(model, variant),
    colours: [colourWeight, colourWeight, colourWeight],
  };
  const phases: Record<AffinityKind, string> = { trained: variant, colours: alonePhase };
  let sweep: readonly Swept[] | undefined;
  let classNames: readonly string[] = [];
  let pictures = 0;
  let pixels = 0;
  for await (const validated of validationPictures(trial, model, evaluation.validationImages, context)) {
    classNames = validated.classNames;
    sweep ??= startSweep(diffusions, classNames.length);
    for (const affinities of affinityKinds) {
      const walk = startWalk(validated.segment(phases[affinities]), { weights: weights[affinities], radius });
      for (const values of ['scores', 'probabilities'] as const) {
        const f = values === 'scores' ? walk.scores : classProbabilities(walk, walk.scores).data;
        const rows = sweep.filter((row) => row.affinities === affinities && row.values === values);
        walkBy({ ...walk, scores: f }, rows, validated, pictures < fixedPointImages);
        await context.breathe();
      }
    }
    pictures++;
    pixels += validated.picture.labels.length;
  }
  if (!sweep) throw new DatasetCorrupt(indexFile, 'there must be a picture to validate on');
  const counted = { pixels, pictures: Math.min(pictures, fixedPointImages) };
  return [
    ...(await measuredPictures(trial, evaluation.validationImages, classNames, context)),
    ...sweep.flatMap((row) => measurementsOf(row, counted, seed)),
  ];
}

function startSweep(diffusions: readonly number[], classes: number): readonly Swept[] {
  return affinityKinds.flatMap((affinities) =>
    (['scores', 'probabilities'] as const).flatMap((values) =>
      diffusions.map((diffusion) => ({
        ...{ affinities, values, diffusion },
        ...{ limit: new LabelMeasures(classes), early: new ConfusionMatrix(classes) },
        ...{ changed: 0, changedLate: 0, fixedPointSteps: 0 },
      })),
    ),
  );
}

/** Adds one picture to the rows of a sweep over one f. What comes before the limit is measured of scores alone. */
function walkBy(
  walk: PictureWalk,
  rows: readonly Swept[],
  { picture }: Pick<ValidationPicture, 'picture'>,
  isCounted: boolean,
): void {
  const labelsOf = (data: Float32Array) => mostProbableLabels({ ...walk, data });
  const before = labelsOf(walk.scores);
  for (const row of rows) {
    const { diffusion } = row;
    const isWalk = diffusion > 0;
    const limit = isWalk ? labelsOf(limitScores(walk, diffusion)) : before;
    row.limit.add(picture, limit);
    row.changed += countDifferentLabels(before, limit);
    if (row.values !== 'scores') continue;
    const early = isWalk ? labelsOf(scoresAfter(walk, diffusion, earlySteps)) : before;
    row.early.add(picture, early);
    row.changedLate += countDifferentLabels(early, limit);
    if (isCounted && isWalk) row.fixedPointSteps += walkToLimit(walk, diffusion, { solver: 'fixed-point' }).steps;
  }
}

function scoresAfter(walk: PictureWalk, diffusion: number, steps: number): Float32Array {
  const [reached] = walkSteps(walk, diffusion, [steps]);
  return reached!.scores;
}

function measurementsOf(
  row: Swept,
  counted: { readonly pixels: number; readonly pictures: number },
  seed: number,
): readonly Measurement[] {
  const place = { subject: subjectOf(row.affinities, row.values), step: row.diffusion, seed };
  const share = (metric: string, value: number) => ({ metric, ...place, value: value / counted.pixels, unit: 'share' });
  const rows: Measurement[] = [...row.limit.measurements(place), share(alphaMetrics.changed, row.changed)];
  if (row.values !== 'scores') return rows;
  const steps = row.fixedPointSteps / counted.pictures;
  return [
    ...rows,
    share(alphaMetrics.changedLate, row.changedLate),
    { metric: alphaMetrics.earlyMeanIoU, ...place, value: row.early.scores().meanIoU, unit: 'share' },
    { metric: alphaMetrics.fixedPointSteps, ...place, value: steps, unit: 'steps' },
  ];
}
