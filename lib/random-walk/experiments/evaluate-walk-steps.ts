/** The labels of one trained network after so many steps of the walk, and what some pictures look like on the way. */
import { DatasetCorrupt } from '../../datasets/errors.ts';
import { indexFile } from '../../datasets/labelled-pictures.ts';
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import type { BaseEvaluation, Measurement } from '../../pipeline/experiment.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { classProbabilities, type PictureWalk, startWalk, walkSteps } from '../predict.ts';
import type { SegmentationTrial } from '../training/segmentation-networks.ts';
import { chooseShownClass, drawFrame } from './draw-walk-steps.ts';
import { countDifferentLabels, LabelMeasures } from './label-measures.ts';
import { limitScores } from './limit-scores.ts';
import { measuredPictures } from './measured-pictures.ts';
import { affinityWeightsOf, type ValidationPicture, validationPictures } from './validation-pictures.ts';
import { differentLabels, frameName, placeOf, shownClassMetric, type WalkEnd } from './walk-steps-metrics.ts';

export interface WalkStepsEvaluation extends BaseEvaluation {
  /** Figure 7's numbers over many pictures, or Figure 6's pictures of some. */
  readonly kind: 'labels' | 'pictures';
  readonly trial: SegmentationTrial;
  /** How many pictures, spread evenly over the validation set. */
  readonly validationImages: number;
  /** Of the walk, in ascending order. */
  readonly steps: readonly number[];
  readonly diffusion: number;
  readonly radius: number;
}

export async function evaluateWalkSteps(
  evaluation: WalkStepsEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const model = await context.model(evaluation.trial.name);
  return evaluation.kind === 'labels'
    ? measureLabels(evaluation, model, context)
    : drawPictures(evaluation, model, context);
}

async function measureLabels(
  evaluation: WalkStepsEvaluation,
  model: TrainedModel,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trial, steps } = evaluation;
  const { seed } = trial;
  const ends: readonly WalkEnd[] = [...steps, 'limit'];
  let measures: ReadonlyMap<WalkEnd, LabelMeasures> | undefined;
  const different = new Map<WalkEnd, number>();
  let classNames: readonly string[] = [];
  let pixels = 0;
  for await (const validated of validationPictures(trial, model, evaluation.validationImages, context)) {
    const { picture } = validated;
    classNames = validated.classNames;
    measures ??= new Map(ends.map((end) => [end, new LabelMeasures(classNames.length)]));
    const walk = startPictureWalk(validated, evaluation, model);
    const ended = [...walkEnds(walk, evaluation)].map(({ end, scores }) => {
      return { end, labels: mostProbableLabels({ ...walk, data: scores }) };
    });
    const limit = ended.at(-1)!.labels;
    for (const { end, labels } of ended) {
      measures.get(end)!.add(picture, labels);
      different.set(end, (different.get(end) ?? 0) + countDifferentLabels(labels, limit));
    }
    pixels += picture.labels.length;
  }
  if (!measures) throw new DatasetCorrupt(indexFile, 'there must be a picture to validate on');
  return [
    ...(await measuredPictures(trial, evaluation.validationImages, classNames, context)),
    ...ends.flatMap((end) => {
      const share = different.get(end)! / pixels;
      const { subject, step } = placeOf(differentLabels, end);
      return [
        ...measures.get(end)!.measurements({ subject, step, seed }),
        { metric: differentLabels, subject, step, seed, value: share, unit: 'share' },
      ];
    }),
  ];
}

/** Figure 6: no numbers but what the pictures are of, which `summarize` writes under them. */
async function drawPictures(
  evaluation: WalkStepsEvaluation,
  model: TrainedModel,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trial } = evaluation;
  const rows: Measurement[] = [];
  for await (const validated of validationPictures(trial, model, evaluation.validationImages, context)) {
    const { index, picture, classNames } = validated;
    const shownClass = chooseShownClass(picture);
    const walk = startPictureWalk(validated, evaluation, model);
    for (const { end, scores } of walkEnds(walk, evaluation)) {
      const probabilities = classProbabilities(walk, scores);
      context.writeImage(drawFrame(frameName(index, end), picture, probabilities, shownClass));
    }
    const subject = classNames[shownClass]!;
    rows.push({ metric: shownClassMetric, subject, step: index, seed: trial.seed, value: shownClass, unit: 'class' });
  }
  return rows;
}

function startPictureWalk(
  { segment }: ValidationPicture,
  { trial, radius }: WalkStepsEvaluation,
  model: TrainedModel,
): PictureWalk {
  const variant = trial.variants[0]!.name;
  return startWalk(segment(variant), { weights: affinityWeightsOf(model, variant), radius });
}

/** Scores after each count of steps, then those at the limit. */
function* walkEnds(
  walk: PictureWalk,
  { steps, diffusion }: WalkStepsEvaluation,
): Generator<{ readonly end: WalkEnd; readonly scores: Float32Array }> {
  for (const reached of walkSteps(walk, diffusion, steps)) yield { end: reached.steps, scores: reached.scores };
  yield { end: 'limit', scores: limitScores(walk, diffusion) };
}
