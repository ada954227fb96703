/**
 * Settings of the rivals, chosen for each trained back-end by the mean IoU on pictures that it was trained on, as DeepLab's are
 * cross-validated. The walk has the paper's settings: nothing of it is chosen here.
 */
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { ConfusionMatrix } from '../evaluation/confusion-matrix.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { classProbabilities } from '../predict.ts';
import { type DenseCrfOptions, denseCrf } from '../rivals/dense-crf.ts';
import { type DomainTransformOptions, domainTransformFilter } from '../rivals/domain-transform.ts';
import type { Refinement } from '../rivals/refinement.ts';
import { alonePhase, type SegmentationTrial } from '../training/segmentation-networks.ts';
import { trainedPictures } from './validation-pictures.ts';

/** Pixels of the longer side that pydensecrf's and the domain transform's usual settings are for. */
const usualSide = 500;

/** pydensecrf's usual settings first, then weaker ones over shorter distances. Positions are in proportion to the pictures. */
export function crfCandidates(longestSide: number): readonly Required<DenseCrfOptions>[] {
  const scale = longestSide / usualSide;
  const weaker = [
    [2, 5],
    [4, 5],
    [2, 13],
  ].map(([compatibility, colourScale]) => ({
    gaussian: { positionScale: 4 * scale, compatibility: 0.5 },
    bilateral: { positionScale: 30 * scale, colourScale: colourScale!, compatibility: compatibility! },
    iterations: 10,
  }));
  const usual = {
    gaussian: { positionScale: 3 * scale, compatibility: 3 },
    bilateral: { positionScale: 80 * scale, colourScale: 13, compatibility: 10 },
    iterations: 10,
  };
  return [usual, ...weaker];
}

export function domainTransformCandidates(longestSide: number): readonly Required<DomainTransformOptions>[] {
  const scale = longestSide / usualSide;
  return [
    [60, 0.2],
    [60, 0.4],
    [120, 0.4],
    [120, 0.8],
  ].map(([spatialScale, rangeScale]) => ({
    spatialScale: spatialScale! * scale,
    rangeScale: rangeScale!,
    iterations: 3,
  }));
}

export interface ChosenRivals {
  readonly crf: Required<DenseCrfOptions>;
  readonly domainTransform: Required<DomainTransformOptions>;
}

/** The first of the best. */
export async function chooseRivals(
  trial: SegmentationTrial,
  model: TrainedModel,
  pictures: number,
  context: EvaluationContext,
): Promise<ChosenRivals> {
  const crf = crfCandidates(trial.longestSide);
  const domainTransform = trial.backEnd === 'large-fov' ? domainTransformCandidates(trial.longestSide) : [];
  const refinements = [...crf.map(denseCrf), ...domainTransform.map(domainTransformFilter)];
  const scores = await measureRefinements(refinements, trial, model, pictures, context);
  const best = (from: number, to: number) => {
    const those = scores.slice(from, to);
    return those.indexOf(Math.max(...those));
  };
  return {
    crf: crf[best(0, crf.length)]!,
    domainTransform:
      domainTransform[best(crf.length, scores.length)] ?? domainTransformCandidates(trial.longestSide)[0]!,
  };
}

/** Mean IoU of each. */
async function measureRefinements(
  refinements: readonly Refinement[],
  trial: SegmentationTrial,
  model: TrainedModel,
  pictures: number,
  context: EvaluationContext,
): Promise<readonly number[]> {
  let matrices: readonly ConfusionMatrix[] = [];
  for await (const { picture, classNames, segment } of trainedPictures(trial, model, pictures, context)) {
    if (matrices.length === 0) matrices = refinements.map(() => new ConfusionMatrix(classNames.length));
    const alone = segment(alonePhase);
    const probabilities = classProbabilities(alone, alone.scores);
    const colours = { width: picture.width, height: picture.height, data: picture.rgb };
    for (const [index, refinement] of refinements.entries()) {
      matrices[index]!.add(picture, mostProbableLabels(refinement(colours, probabilities)));
      await context.breathe();
    }
  }
  return matrices.map((matrix) => matrix.scores().meanIoU);
}

export const chosenMetrics = {
  crfColourScale: 'chosen: θβ of the CRF',
  crfCompatibility: 'chosen: w₁ of the CRF',
  transformSpatialScale: 'chosen: σs of the domain transform',
  transformRangeScale: 'chosen: σr of the domain transform',
} as const;

/** What was chosen, as measurements of the back-end. */
export function chosenMeasurements(
  { crf, domainTransform }: ChosenRivals,
  { backEnd, seed }: Pick<SegmentationTrial, 'backEnd' | 'seed'>,
): readonly Measurement[] {
  const row = (metric: string, value: number, unit: string) => {
    return { metric, subject: backEnd, step: 0, seed, value, unit };
  };
  return [
    row(chosenMetrics.crfColourScale, crf.bilateral.colourScale, 'grey levels'),
    row(chosenMetrics.crfCompatibility, crf.bilateral.compatibility, '1'),
    ...(backEnd === 'large-fov'
      ? [
          row(chosenMetrics.transformSpatialScale, domainTransform.spatialScale, 'pixels'),
          row(chosenMetrics.transformRangeScale, domainTransform.rangeScale, 'of a colour’s range'),
        ]
      : []),
  ];
}
