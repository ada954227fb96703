/** Measures every refinement of one trained back-end on the validation pictures, and draws some of them. */
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { ConfusionMatrix } from '../evaluation/confusion-matrix.ts';
import { spreadNames } from '../training/scaled-images.ts';
import type { SegmentationTrial } from '../training/segmentation-networks.ts';
import { drawAffinities } from './affinity-maps.ts';
import { chooseRivals, chosenMeasurements } from './choose-rivals.ts';
import { arrangePanels, paintLabels } from './picture-panels.ts';
import { refinePrediction, walkPhase } from './refine-predictions.ts';
import { methodsOf, subjectOf } from './refinement-methods.ts';
import {
  affinityWeightMetric,
  curveMetric,
  scoreMeasurements,
  trainingPicturesMetric,
  validationPicturesMetric,
} from './segmentation-metrics.ts';
import { affinityWeightsOf, countPictures, type ValidationPicture, validationPictures } from './validation-pictures.ts';

export interface SegmentationEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly trial: SegmentationTrial;
  readonly validationImages: number;
  /** Training pictures that the rivals' settings are chosen on. */
  readonly choosingImages: number;
  readonly diffusion: number;
  readonly radius: number;
  /** Spread evenly over the validation pictures. */
  readonly shownImages: number;
}

/** Of the paper's Figures 3 and 4, from left to right. */
const shownMethods = ['alone', 'crf', 'walked'] as const;
const shownPixels = 8;

export async function evaluateSegmentation(
  evaluation: SegmentationEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trial, validationImages, choosingImages, diffusion, radius, shownImages } = evaluation;
  const { backEnd, seed } = trial;
  const model = await context.model(trial.name);
  const chosen = await chooseRivals(trial, model, choosingImages, context);
  const methods = methodsOf(backEnd);
  let classNames: readonly string[] = [];
  let matrices: readonly ConfusionMatrix[] = [];
  const pictures = await countPictures(trial, validationImages, context);
  const shown = new Set(spreadNames(placesOf(pictures.validation), shownImages).map(Number));
  for await (const validated of validationPictures(trial, model, validationImages, context)) {
    if (validated.index === 0) {
      classNames = validated.classNames;
      matrices = methods.map(() => new ConfusionMatrix(classNames.length));
    }
    const refine = refinePrediction(validated, model, { diffusion, radius, ...chosen });
    for (const [index, method] of methods.entries()) {
      matrices[index]!.add(validated.picture, refine(method));
      await context.breathe();
    }
    if (shown.has(validated.index)) {
      const { picture } = validated;
      const panels = [picture, paintLabels(picture), ...shownMethods.map((method) => paintLabels(refine(method)))];
      context.writeImage(arrangePanels(`${backEnd}/seed-${seed}/picture/${picture.name}`, [panels]));
    }
    if (shown.size > 0 && validated.index === Math.min(...shown)) showAffinities(validated, model, evaluation, context);
  }
  const count = (metric: string, value: number): Measurement => {
    return { metric, subject: pictures.subject, step: 0, seed, value, unit: 'pictures' };
  };
  return [
    ...methods.flatMap((method, index) => {
      return scoreMeasurements(matrices[index]!.scores(), classNames, { subject: subjectOf(backEnd, method), seed });
    }),
    ...curvesOf(model, trial),
    ...[...affinityWeightsOf(model, walkPhase)].map((value, step) => {
      return { metric: affinityWeightMetric, subject: backEnd, step, seed, value, unit: '1' };
    }),
    ...chosenMeasurements(chosen, trial),
    count(trainingPicturesMetric, pictures.training),
    count(validationPicturesMetric, pictures.validation),
  ];
}

function showAffinities(
  { picture, segment }: ValidationPicture,
  model: TrainedModel,
  { trial, radius }: SegmentationEvaluation,
  context: EvaluationContext,
): void {
  const name = `${trial.backEnd}/seed-${trial.seed}/affinities/${picture.name}`;
  const weights = affinityWeightsOf(model, walkPhase);
  const drawn = drawAffinities(name, picture, segment(walkPhase), weights, radius, shownPixels);
  if (drawn) context.writeImage(drawn);
}

/** What training left: a row for each column of each phase's curve. */
function curvesOf({ metrics }: TrainedModel, { backEnd: subject, seed }: SegmentationTrial): readonly Measurement[] {
  return metrics.flatMap(({ phase, update, ...columns }) =>
    Object.entries(columns).flatMap(([column, value]) =>
      typeof value === 'number'
        ? [{ metric: curveMetric(String(phase), column), subject, step: Number(update), seed, value, unit: 'nats' }]
        : [],
    ),
  );
}

function placesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, place) => String(place));
}
