/** Training of small convolutional networks (§6.7) without normalization, with layer and with batch normalization. */
import type { TrainingContext } from '../../pipeline/context.ts';
import type { BaseTrial } from '../../pipeline/experiment.ts';
import { type ConvnetImages, drawImages, readTrainingImages, sliceImages } from '../models/classified-images.ts';
import { type ConvnetSettings, convolutionShapes } from '../models/convnet-shape.ts';

export interface ConvnetTrial extends BaseTrial {
  readonly images: ConvnetImages;
  readonly seed: number;
  readonly settings: ConvnetSettings;
  readonly updates: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly validateEveryUpdates: number;
  /** The last of the training images, which are not trained on. */
  readonly validationImages: number;
}

export async function train(trial: ConvnetTrial, context: TrainingContext): Promise<void> {
  await context.startTensorFlow();
  const model = await import('../models/convolutional-classifier.ts');
  const { asImages, asLabels, classify } = await import('../models/classify-images.ts');
  const { createConvolutions } = await import('../models/convolutions.ts');
  const { trainModel } = await import('../../training/trainer.ts');

  const all = await readTrainingImages(trial.images, await context.dataset(trial.images));
  const { seed, settings, batchSize, validationImages } = trial;
  const trained = sliceImages(all, 0, all.count - validationImages);
  const held = sliceImages(all, all.count - validationImages, validationImages);
  const convolutions = createConvolutions(convolutionShapes(settings, batchSize), context);
  try {
    await trainModel(
      {
        parameters: model.initializeConvnet(seed, settings),
        state: model.initializeRunningStatistics(settings),
        updates: trial.updates,
        adam: { learningRate: trial.learningRate },
        loss(parameters, update, state) {
          const batch = drawImages(trained, batchSize, seed, update);
          const result = model.runConvnet(parameters, state, asImages(batch), settings, convolutions, true);
          return { loss: model.crossEntropy(result.scores, asLabels(batch)), state: result.state };
        },
        validation: {
          everyUpdates: trial.validateEveryUpdates,
          measure: (parameters, state) => {
            const { loss, errors } = classify(parameters, state, held, settings, convolutions);
            return { validationLoss: loss, validationError: errors / held.count };
          },
        },
        metadata: { kind: 'convolutional network', settings: JSON.stringify(settings) },
      },
      context,
    );
  } finally {
    convolutions.dispose();
  }
}
