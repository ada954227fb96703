/** The validation pictures as trained networks see them: what every measure of segmentations begins with. */
import type { LabelledPicture, LabelledPictures } from '../../datasets/labelled-pictures.ts';
import { openLabelledPictures } from '../../datasets/labelled-pictures.ts';
import { withPrefix } from '../../numerics/tensor-names.ts';
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import { backEndOfSize } from '../back-ends/settings.ts';
import type { AffinityFeatures } from '../joint-network.ts';
import { affinityWeightsName } from '../parameter-names.ts';
import type { SegmentedPicture } from '../segmenter.ts';
import { scaleLabelledPicture, spreadNames } from '../training/scaled-images.ts';
import type { SegmentationTrial } from '../training/segmentation-networks.ts';
import { datasetSubject } from './segmentation-metrics.ts';

export interface ValidationPicture {
  /** Place among those that are measured. */
  readonly index: number;
  readonly classNames: readonly string[];
  readonly picture: LabelledPicture;
  /** What a phase of the trial makes of it: `alone`, or a variant's name. */
  segment(phase: string): SegmentedPicture;
}

/** Throws what opening the dataset and the model does. */
export function validationPictures(
  trial: SegmentationTrial,
  model: TrainedModel,
  validationImages: number,
  context: EvaluationContext,
): AsyncGenerator<ValidationPicture> {
  return segmentedPictures(trial, model, ({ validation }) => spreadNames(validation, validationImages), context);
}

/** Some of those that the networks were trained on, spread evenly: what is chosen by data may be chosen by these. */
export function trainedPictures(
  trial: SegmentationTrial,
  model: TrainedModel,
  count: number,
  context: EvaluationContext,
): AsyncGenerator<ValidationPicture> {
  const pick = ({ training }: LabelledPictures) => spreadNames(spreadNames(training, trial.trainingImages), count);
  return segmentedPictures(trial, model, pick, context);
}

async function* segmentedPictures(
  trial: SegmentationTrial,
  model: TrainedModel,
  pick: (pictures: LabelledPictures) => readonly string[],
  context: EvaluationContext,
): AsyncGenerator<ValidationPicture> {
  await context.startTensorFlow();
  const { segmentPicture } = await import('../segmenter.ts');
  const pictures = await openLabelledPictures(await context.dataset(trial.dataset));
  const { classNames } = pictures;
  const backEnd = backEndOfSize(trial.backEnd, trial.size, classNames.length);
  for (const [index, name] of pick(pictures).entries()) {
    const picture = scaleLabelledPicture(await pictures.picture(name), trial.longestSide);
    const segment = (phase: string) =>
      segmentPicture(backEnd, withPrefix(phase, model.tensors), picture, featuresOf(trial, phase));
    yield { index, classNames, picture, segment };
    await context.breathe();
  }
}

/** How many pictures are trained on and measured, and of what. */
export async function countPictures(
  trial: SegmentationTrial,
  validationImages: number,
  context: Pick<EvaluationContext, 'dataset'>,
): Promise<{ readonly subject: string; readonly training: number; readonly validation: number }> {
  const reader = await context.dataset(trial.dataset);
  const { training, validation } = await openLabelledPictures(reader);
  return {
    subject: datasetSubject(trial.dataset, reader.manifest.origin),
    training: Math.min(training.length, trial.trainingImages),
    validation: Math.min(validation.length, validationImages),
  };
}

/** θ of a variant, [channels]. */
export function affinityWeightsOf(model: TrainedModel, variant: string): Float32Array {
  return withPrefix(variant, model.tensors)[affinityWeightsName]!.data as Float32Array;
}

/** Those of the variant; of a back-end alone there is no use but colours. */
function featuresOf({ variants }: SegmentationTrial, phase: string): AffinityFeatures {
  return variants.find(({ name }) => name === phase)?.network.affinityFeatures ?? 'rgb';
}
