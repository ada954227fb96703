/** Measures one trained back-end, and the random walk network that was trained from it, on one dataset's validation pictures. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { ConfusionMatrix } from '../evaluation/confusion-matrix.ts';
import type { SegmentationTrial } from '../training/segmentation-networks.ts';
import { refinePrediction } from './refine-predictions.ts';
import { type RefinementMethod, subjectOf } from './refinement-methods.ts';
import { scoreMeasurements, trainingPicturesMetric, validationPicturesMetric } from './segmentation-metrics.ts';
import { countPictures, validationPictures } from './validation-pictures.ts';

export interface SceneLabellingEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly trial: SegmentationTrial;
  readonly validationImages: number;
  readonly diffusion: number;
  readonly radius: number;
}

export const sceneLabellingMethods = ['alone', 'unwalked', 'walked'] as const satisfies readonly RefinementMethod[];

export async function evaluateSceneLabelling(
  { trial, validationImages, diffusion, radius }: SceneLabellingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { dataset, seed } = trial;
  const model = await context.model(trial.name);
  let matrices: readonly ConfusionMatrix[] = [];
  for await (const validated of validationPictures(trial, model, validationImages, context)) {
    if (matrices.length === 0)
      matrices = sceneLabellingMethods.map(() => new ConfusionMatrix(validated.classNames.length));
    const refine = refinePrediction(validated, model, { diffusion, radius });
    for (const [index, method] of sceneLabellingMethods.entries()) {
      matrices[index]!.add(validated.picture, refine(method));
      await context.breathe();
    }
  }
  const { subject, training, validation } = await countPictures(trial, validationImages, context);
  const count = (metric: string, value: number): Measurement => {
    return { metric, subject, step: 0, seed, value, unit: 'pictures' };
  };
  return [
    ...sceneLabellingMethods.flatMap((method, index) =>
      scoreMeasurements(matrices[index]!.scores(), [], { subject: subjectOf(dataset, method), seed }),
    ),
    count(trainingPicturesMetric, training),
    count(validationPicturesMetric, validation),
  ];
}
