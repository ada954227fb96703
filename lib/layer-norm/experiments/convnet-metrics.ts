/** What the convolutional networks' experiment measures, and under which names. */
import type { ConvnetNormalization } from '../models/convnet-shape.ts';

/** The normalizations, with their names in charts and tables; layer normalization first. */
export const convnetModels = {
  layer: 'layer normalization',
  none: 'no normalization',
  batch: 'batch normalization',
} as const satisfies Record<ConvnetNormalization, string>;
export const normalizations = Object.keys(convnetModels) as readonly ConvnetNormalization[];

/** Curves that training left in the artifact. */
export const validationLoss = 'validationLoss';
export const validationError = 'validationError';

/** Mean of ln(validation loss) over the validations after the first update: the lower, the faster. */
export const curveMeanMetric = 'ln(validation loss), mean over the curve';
export const testErrorMetric = 'test error';
export const testLossMetric = 'test loss';
/** The learning rate that was chosen. */
export const learningRateMetric = 'learning rate';
export const trainingImagesMetric = 'training images';

/** Share of the images in which a unit of that layer is on; the step is its distance from the image's edge. */
export const unitsOnMetric = (layer: number) => `units on, layer ${layer + 1}`;
/** Standard deviation over the images of a unit's input to the rectifier; the step is its distance from the edge. */
export const unitDeviationMetric = (layer: number) => `deviation of units, layer ${layer + 1}`;
