/** Measures the error near boundaries of what the methods make of one trained back-end's predictions. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { TrimapError } from '../evaluation/trimap-error.ts';
import type { SegmentationTrial } from '../training/segmentation-networks.ts';
import { chooseRivals, chosenMeasurements } from './choose-rivals.ts';
import { refinePrediction } from './refine-predictions.ts';
import { type RefinementMethod, subjectOf } from './refinement-methods.ts';
import { trainingPicturesMetric, validationPicturesMetric } from './segmentation-metrics.ts';
import { countPictures, validationPictures } from './validation-pictures.ts';

export interface TrimapEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly trial: SegmentationTrial;
  readonly validationImages: number;
  /** Training pictures that the CRF's settings are chosen on. */
  readonly choosingImages: number;
  readonly diffusion: number;
  readonly radius: number;
}

/** The proposed one first. */
export const trimapMethods = ['walked', 'alone', 'crf'] as const satisfies readonly RefinementMethod[];

/** Share of misclassified pixels; the step is the trimap's width in pixels. */
export const trimapErrorMetric = 'trimap error';
/** Pixels in the trimap, void ones left out, over all pictures; of the truth, and so the same for every method. */
export const trimapPixelsMetric = 'pixels in the trimap';

export async function evaluateTrimap(
  evaluation: TrimapEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trial, validationImages, choosingImages, diffusion, radius } = evaluation;
  const { backEnd, seed } = trial;
  const model = await context.model(trial.name);
  const chosen = await chooseRivals(trial, model, choosingImages, context);
  const errors = trimapMethods.map(() => new TrimapError());
  for await (const validated of validationPictures(trial, model, validationImages, context)) {
    const refine = refinePrediction(validated, model, { diffusion, radius, ...chosen });
    for (const [index, method] of trimapMethods.entries()) {
      errors[index]!.add(validated.picture, refine(method));
      await context.breathe();
    }
  }
  const { subject, training, validation } = await countPictures(trial, validationImages, context);
  const row = (metric: string, of: string, step: number, value: number, unit: string): Measurement => {
    return { metric, subject: of, step, seed, value, unit };
  };
  return [
    ...trimapMethods.flatMap((method, index) =>
      errors[index]!.measurements().flatMap(({ width, error }) =>
        error === undefined ? [] : [row(trimapErrorMetric, subjectOf(backEnd, method), width, error, 'share')],
      ),
    ),
    ...errors[0]!.measurements().map(({ width, pixels }) => row(trimapPixelsMetric, backEnd, width, pixels, 'pixels')),
    ...chosenMeasurements(chosen, trial),
    row(trainingPicturesMetric, subject, 0, training, 'pictures'),
    row(validationPicturesMetric, subject, 0, validation, 'pictures'),
  ];
}
