/** What every method that is compared makes of a trained network's predictions: a class for each pixel. */
import type { LabelMap } from '../../datasets/label-map.ts';
import type { TrainedModel } from '../../pipeline/context.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { classProbabilities, type PictureWalk, startWalk, walkSteps, walkToLimit } from '../predict.ts';
import { type DenseCrfOptions, denseCrf } from '../rivals/dense-crf.ts';
import { type DomainTransformOptions, domainTransformFilter } from '../rivals/domain-transform.ts';
import type { Refinement } from '../rivals/refinement.ts';
import type { SegmentedPicture } from '../segmenter.ts';
import { alonePhase, backEndPhase } from '../training/segmentation-networks.ts';
import type { RefinementMethod } from './refinement-methods.ts';
import { affinityWeightsOf, type ValidationPicture } from './validation-pictures.ts';

/** The variant that `paperVariant` plans. */
export const walkPhase = 'random-walk';

export interface RefinementSettings {
  /** Of the walk to its limit, see diffusion.ts. */
  readonly diffusion: number;
  /** R of the walks. */
  readonly radius: number;
  /** By default pydensecrf’s usual ones. */
  readonly crf?: DenseCrfOptions;
  readonly domainTransform?: DomainTransformOptions;
}

/**
 * Label maps of one picture by method. Rivals refine the softmax of the back-end that was trained alone; the walks, the scores of
 * the one that was trained with a walk. Each network runs once, however many methods ask for it.
 */
export function refinePrediction(
  { picture, segment }: ValidationPicture,
  model: TrainedModel,
  { diffusion, radius, crf, domainTransform }: RefinementSettings,
): (method: RefinementMethod) => LabelMap {
  const segmented = new Map<string, SegmentedPicture>();
  const segmentedBy = (phase: string) => {
    const known = segmented.get(phase) ?? segment(phase);
    segmented.set(phase, known);
    return known;
  };
  let started: PictureWalk | undefined;
  const walk = () => {
    started ??= startWalk(segmentedBy(walkPhase), { weights: affinityWeightsOf(model, walkPhase), radius });
    return started;
  };
  const labelsOf = (shape: SegmentedPicture | PictureWalk, scores: Float32Array) => {
    const { width, height, classes } = shape;
    return mostProbableLabels({ width, height, classes, data: scores });
  };
  const network = (phase: string) => labelsOf(segmentedBy(phase), segmentedBy(phase).scores);
  const rival = (refinement: Refinement) => {
    const alone = segmentedBy(alonePhase);
    const colours = { width: picture.width, height: picture.height, data: picture.rgb };
    return mostProbableLabels(refinement(colours, classProbabilities(alone, alone.scores)));
  };
  const methods: Record<RefinementMethod, () => LabelMap> = {
    before: () => network(backEndPhase),
    alone: () => network(alonePhase),
    crf: () => rival(denseCrf(crf)),
    'domain-transform': () => rival(domainTransformFilter(domainTransform)),
    unwalked: () => network(walkPhase),
    // ŷ = A f, between the pixels and at the R that the limit is taken with.
    'one-step': () => labelsOf(walk(), [...walkSteps(walk(), 1, [1])][0]!.scores),
    walked: () => labelsOf(walk(), walkToLimit(walk(), diffusion).scores),
  };
  return (method) => methods[method]();
}
