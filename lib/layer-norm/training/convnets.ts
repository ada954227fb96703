/** Training of small convolutional networks (§6.7) without normalization, with layer and with batch normalization. */
import type { DatasetReader } from '../../datasets/dataset.ts';
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import type { BaseTrial } from '../../pipeline/experiment.ts';
import type { ConvnetSettings } from '../models/convolutional-classifier.ts';

export type ConvnetImages = 'mnist' | 'cifar-10';

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

export interface ClassifiedImages {
  /** [count, side, side, colours], 0 to 255 */
  readonly pixels: Uint8Array;
  /** [count] */
  readonly labels: Uint8Array;
  readonly count: number;
  readonly side: number;
  readonly colours: number;
}

/** Both splits of a dataset. Throws DatasetCorrupt. */
export async function readImages(
  name: ConvnetImages,
  reader: DatasetReader,
): Promise<{ readonly train: ClassifiedImages; readonly test: ClassifiedImages }> {
  if (name === 'mnist') {
    const { readMnist } = await import('../../datasets/mnist.ts');
    const { train, test } = await readMnist(reader);
    return { train: describe(train, 28, 1), test: describe(test, 28, 1) };
  }
  const { readCifar10 } = await import('../../datasets/cifar-10.ts');
  return {
    train: describe(await readCifar10(reader, 'train'), 32, 3),
    test: describe(await readCifar10(reader, 'test'), 32, 3),
  };
}

function describe(
  { images, labels }: { readonly images: Uint8Array; readonly labels: Uint8Array },
  side: number,
  colours: number,
): ClassifiedImages {
  return { pixels: images, labels, count: labels.length, side, colours };
}

/** So many of them from one on. */
export function sliceImages(
  { pixels, labels, side, colours, ...rest }: ClassifiedImages,
  first: number,
  count: number,
): ClassifiedImages {
  const size = side * side * colours;
  return {
    ...rest,
    side,
    colours,
    count,
    pixels: pixels.subarray(first * size, (first + count) * size),
    labels: labels.subarray(first, first + count),
  };
}

/** Minibatch number `update` of a training: images drawn without replacement, the same for every normalization. */
export function drawImages(from: ClassifiedImages, batchSize: number, seed: number, update: number): ClassifiedImages {
  const chosen = new Int32Array(batchSize);
  randomStream(seed, 'minibatch', update).fillSample(chosen, from.count);
  const size = from.side * from.side * from.colours;
  const pixels = new Uint8Array(batchSize * size);
  const labels = new Uint8Array(batchSize);
  for (const [row, image] of chosen.entries()) {
    pixels.set(from.pixels.subarray(image * size, (image + 1) * size), row * size);
    labels[row] = from.labels[image]!;
  }
  return { ...from, pixels, labels, count: batchSize };
}

export async function train(trial: ConvnetTrial, context: TrainingContext): Promise<void> {
  await context.startTensorFlow();
  const model = await import('../models/convolutional-classifier.ts');
  const { asImages, asLabels, classify } = await import('../models/classify-images.ts');
  const { createConvolutions } = await import('../models/convolutions.ts');
  const { trainModel } = await import('../trainer.ts');

  const { train: all } = await readImages(trial.images, await context.dataset(trial.images));
  const { seed, settings, batchSize, validationImages } = trial;
  const trained = sliceImages(all, 0, all.count - validationImages);
  const held = sliceImages(all, all.count - validationImages, validationImages);
  const convolutions = createConvolutions(model.convolutionShapes(settings, batchSize), context);
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
