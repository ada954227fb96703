/** Boundaries of one trained trial's segmentations: of the back-end alone, after a dense CRF, and of the random walk network. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { nearVoid, SegmentationBoundaries } from '../evaluation/segmentation-boundaries.ts';
import { classProbabilities, startWalk, walkToLimit } from '../predict.ts';
import type { ClassProbabilities } from '../refine.ts';
import { type DenseCrfOptions, denseCrf } from '../rivals/dense-crf.ts';
import { alonePhase, type SegmentationTrial } from '../training/segmentation-networks.ts';
import {
  type BoundaryMethod,
  type BoundaryMetric,
  boundaryMethodNames,
  boundaryMetrics,
  boundarySubject,
  picturesMetric,
  sweptPrecisionMetric,
  sweptRecallMetric,
} from './boundary-metrics.ts';
import { drawBoundaries } from './draw-boundaries.ts';
import { affinityWeightsOf, type ValidationPicture, validationPictures } from './validation-pictures.ts';

export interface BoundariesEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly trial: SegmentationTrial;
  /** The variant of the trial that predicts by a walk. */
  readonly variant: string;
  readonly diffusion: number;
  readonly radius: number;
  /** Spread over the validation pictures. */
  readonly pictures: number;
  readonly thresholds: readonly number[];
  readonly maximumDistance: number;
  /** The first so many are drawn. */
  readonly shownPictures: number;
}

export async function evaluateBoundaries(
  evaluation: BoundariesEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trials, trial, pictures, thresholds, maximumDistance, shownPictures } = evaluation;
  const { backEnd, seed } = trial;
  const model = await context.model(trials[0]!);
  const weights = affinityWeightsOf(model, evaluation.variant);
  const crf = denseCrf(crfOptions(trial.longestSide));
  let measured: Readonly<Record<BoundaryMethod, SegmentationBoundaries>> | undefined;
  let count = 0;
  for await (const validation of validationPictures(trial, model, pictures, context)) {
    const { picture, classNames, index } = validation;
    const { width, height } = picture;
    measured ??= byMethod(
      () => new SegmentationBoundaries({ classes: classNames.length, thresholds, maximumDistance }),
    );
    const predictions = await predict(validation, evaluation, weights, crf, context);
    for (const method of boundaryMethodNames) {
      measured[method].add(picture, predictions[method]);
      await context.breathe();
    }
    count++;
    if (index >= shownPictures) continue;
    const reach = maximumDistance * Math.hypot(width, height);
    const shown = [predictions.crf, predictions.walk].map(mostProbableLabels);
    const name = `${backEnd}/seed-${seed}/${index}`;
    context.writeImage(drawBoundaries(name, picture, picture, shown, reach, nearVoid(picture, reach)));
  }
  const { manifest } = await context.dataset(trial.dataset);
  return [
    { metric: picturesMetric, subject: manifest.description, step: 0, seed, value: count, unit: 'pictures' },
    ...(measured ? measurementsOf(measured, trial) : []),
  ];
}

/** pydensecrf's usual settings, its positions in proportion to pictures of 500 pixels, which they are for. */
function crfOptions(longestSide: number): DenseCrfOptions {
  const scale = Math.min(1, longestSide / 500);
  return {
    gaussian: { positionScale: 3 * scale, compatibility: 3 },
    bilateral: { positionScale: 80 * scale, colourScale: 13, compatibility: 10 },
  };
}

async function predict(
  { picture, segment }: ValidationPicture,
  { variant, radius, diffusion }: BoundariesEvaluation,
  weights: Float32Array,
  crf: ReturnType<typeof denseCrf>,
  context: EvaluationContext,
): Promise<Readonly<Record<BoundaryMethod, ClassProbabilities>>> {
  const { width, height, rgb } = picture;
  const back = segment(alonePhase);
  const alone = classProbabilities(back, back.scores);
  await context.breathe();
  const refined = crf({ width, height, data: rgb }, alone);
  await context.breathe();
  const network = segment(variant);
  const { scores } = walkToLimit(startWalk(network, { weights, radius }), diffusion);
  return { alone, crf: refined, walk: classProbabilities(network, scores) };
}

function byMethod<T>(make: () => T): Readonly<Record<BoundaryMethod, T>> {
  return Object.fromEntries(boundaryMethodNames.map((method) => [method, make()])) as Record<BoundaryMethod, T>;
}

function measurementsOf(
  measured: Readonly<Record<BoundaryMethod, SegmentationBoundaries>>,
  { backEnd, seed }: SegmentationTrial,
): readonly Measurement[] {
  const row = (metric: string, subject: string, value: number, step = 0, unit = '1'): Measurement => {
    return { metric, subject, step, seed, value, unit };
  };
  const ofMethods = boundaryMethodNames.flatMap((method) => {
    const subject = boundarySubject(backEnd, method);
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
    row(boundaryMetrics.fragments, boundarySubject(backEnd, 'truth'), truth.trueFragments, 0, 'pieces'),
    row(boundaryMetrics.smallFragments, boundarySubject(backEnd, 'truth'), truth.trueSmallFragments, 0, 'pieces'),
  ];
}
