/** Boundaries of one trained trial's segmentations: of the back-end alone, after a dense CRF, and of the random walk network. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { nearVoid, SegmentationBoundaries } from '../evaluation/segmentation-boundaries.ts';
import { classProbabilities, startWalk, walkToLimit } from '../predict.ts';
import type { ClassProbabilities } from '../refine.ts';
import { denseCrf } from '../rivals/dense-crf.ts';
import type { Refinement } from '../rivals/refinement.ts';
import { alonePhase, type SegmentationTrial } from '../training/segmentation-networks.ts';
import {
  type BoundaryMethod,
  type BoundaryMetric,
  boundaryMethods,
  boundaryMetrics,
  sweptPrecisionMetric,
  sweptRecallMetric,
  truthSubject,
} from './boundary-metrics.ts';
import { chooseRivals, chosenMeasurements } from './choose-rivals.ts';
import { drawBoundaries } from './draw-boundaries.ts';
import { walkPhase } from './refine-predictions.ts';
import { subjectOf } from './refinement-methods.ts';
import { trainingPicturesMetric, validationPicturesMetric } from './segmentation-metrics.ts';
import { affinityWeightsOf, countPictures, type ValidationPicture, validationPictures } from './validation-pictures.ts';

export interface BoundariesEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly trial: SegmentationTrial;
  readonly diffusion: number;
  readonly radius: number;
  /** Spread over the validation pictures. */
  readonly validationImages: number;
  /** Training pictures that the CRF's settings are chosen on. */
  readonly choosingImages: number;
  readonly thresholds: readonly number[];
  readonly maximumDistance: number;
  /** The first so many are drawn. */
  readonly shownPictures: number;
}

export async function evaluateBoundaries(
  evaluation: BoundariesEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trial, validationImages, choosingImages, thresholds, maximumDistance, shownPictures } = evaluation;
  const { backEnd, seed } = trial;
  const model = await context.model(trial.name);
  const weights = affinityWeightsOf(model, walkPhase);
  const chosen = await chooseRivals(trial, model, choosingImages, context);
  const crf = denseCrf(chosen.crf);
  let measured: Readonly<Record<BoundaryMethod, SegmentationBoundaries>> | undefined;
  for await (const validation of validationPictures(trial, model, validationImages, context)) {
    const { picture, classNames, index } = validation;
    const { width, height } = picture;
    measured ??= byMethod(
      () => new SegmentationBoundaries({ classes: classNames.length, thresholds, maximumDistance }),
    );
    const predictions = await predict(validation, evaluation, weights, crf, context);
    for (const method of boundaryMethods) {
      measured[method].add(picture, predictions[method]);
      await context.breathe();
    }
    if (index >= shownPictures) continue;
    const reach = maximumDistance * Math.hypot(width, height);
    const shown = [predictions.crf, predictions.walked].map(mostProbableLabels);
    const name = `${backEnd}/seed-${seed}/${index}`;
    context.writeImage(drawBoundaries(name, picture, picture, shown, reach, nearVoid(picture, reach)));
  }
  const { subject, training, validation } = await countPictures(trial, validationImages, context);
  const count = { step: 0, seed, unit: 'pictures', subject };
  return [
    ...(measured ? measurementsOf(measured, trial) : []),
    ...chosenMeasurements(chosen, trial).filter(({ metric }) => metric.includes('CRF')),
    { ...count, metric: trainingPicturesMetric, value: training },
    { ...count, metric: validationPicturesMetric, value: validation },
  ];
}

async function predict(
  { picture, segment }: ValidationPicture,
  { radius, diffusion }: BoundariesEvaluation,
  weights: Float32Array,
  crf: Refinement,
  context: EvaluationContext,
): Promise<Readonly<Record<BoundaryMethod, ClassProbabilities>>> {
  const { width, height, rgb } = picture;
  const back = segment(alonePhase);
  const alone = classProbabilities(back, back.scores);
  await context.breathe();
  const refined = crf({ width, height, data: rgb }, alone);
  await context.breathe();
  const network = segment(walkPhase);
  const { scores } = walkToLimit(startWalk(network, { weights, radius }), diffusion);
  return { alone, crf: refined, walked: classProbabilities(network, scores) };
}

function byMethod<T>(make: () => T): Readonly<Record<BoundaryMethod, T>> {
  return Object.fromEntries(boundaryMethods.map((method) => [method, make()])) as Record<BoundaryMethod, T>;
}

function measurementsOf(
  measured: Readonly<Record<BoundaryMethod, SegmentationBoundaries>>,
  { backEnd, seed }: SegmentationTrial,
): readonly Measurement[] {
  const row = (metric: string, subject: string, value: number, step = 0, unit = '1'): Measurement => {
    return { metric, subject, step, seed, value, unit };
  };
  const ofMethods = boundaryMethods.flatMap((method) => {
    const subject = subjectOf(backEnd, method);
    const scores = measured[method].scores();
    return [
      ...(Object.keys(boundaryMetrics) as BoundaryMetric[]).map((name) =>
        row(boundaryMetrics[name], subject, scores[name], 0, name.endsWith('ragments') ? 'pieces' : '1'),
      ),
      ...scores.curve.flatMap(({ threshold, precision, recall }) => [
        row(sweptPrecisionMetric, subject, precision, threshold),
        row(sweptRecallMetric, subject, recall, threshold),
      ]),
    ];
  });
  const truth = measured.alone.scores();
  return [
    ...ofMethods,
    row(boundaryMetrics.fragments, truthSubject(backEnd), truth.trueFragments, 0, 'pieces'),
    row(boundaryMetrics.smallFragments, truthSubject(backEnd), truth.trueSmallFragments, 0, 'pieces'),
  ];
}
