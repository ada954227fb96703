/** Images with their classes, of whichever dataset, and minibatches of them. */
import { countCifar10, readCifar10 } from '../../datasets/cifar-10.ts';
import type { DatasetReader } from '../../datasets/dataset.ts';
import { readMnist } from '../../datasets/mnist.ts';
import { randomStream } from '../../numerics/random.ts';

export type ConvnetImages = 'mnist' | 'cifar-10';

export interface ClassifiedImages {
  /** [count, side, side, colours], 0 to 255 */
  readonly pixels: Uint8Array;
  /** [count] */
  readonly labels: Uint8Array;
  readonly count: number;
  readonly side: number;
  readonly colours: number;
}

export interface TestImages {
  readonly test: ClassifiedImages;
  /** How many there are to train on. */
  readonly trainingImages: number;
}

/** What a job's trainings or evaluations read with the same reader is decoded once. */
const decodedTraining = new WeakMap<DatasetReader, Promise<ClassifiedImages>>();
const decodedTest = new WeakMap<DatasetReader, Promise<TestImages>>();

/** The images to train on. Throws DatasetCorrupt. */
export function readTrainingImages(name: ConvnetImages, reader: DatasetReader): Promise<ClassifiedImages> {
  const images = decodedTraining.get(reader) ?? decodeTraining(name, reader);
  decodedTraining.set(reader, images);
  return images;
}

/** The images to test on. Throws DatasetCorrupt. */
export function readTestImages(name: ConvnetImages, reader: DatasetReader): Promise<TestImages> {
  const images = decodedTest.get(reader) ?? decodeTest(name, reader);
  decodedTest.set(reader, images);
  return images;
}

async function decodeTraining(name: ConvnetImages, reader: DatasetReader): Promise<ClassifiedImages> {
  if (name === 'mnist') return describe((await readMnist(reader)).train, 28, 1);
  return describe(await readCifar10(reader, 'train'), 32, 3);
}

async function decodeTest(name: ConvnetImages, reader: DatasetReader): Promise<TestImages> {
  if (name === 'mnist') {
    const { train, test } = await readMnist(reader);
    return { test: describe(test, 28, 1), trainingImages: train.labels.length };
  }
  const test = describe(await readCifar10(reader, 'test'), 32, 3);
  return { test, trainingImages: await countCifar10(reader, 'train') };
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
