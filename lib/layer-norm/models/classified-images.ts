/** Images with their classes, of whichever dataset, and minibatches of them. */
import { readCifar10 } from '../../datasets/cifar-10.ts';
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

/** Both splits of a dataset. Throws DatasetCorrupt. */
export async function readImages(
  name: ConvnetImages,
  reader: DatasetReader,
): Promise<{ readonly train: ClassifiedImages; readonly test: ClassifiedImages }> {
  if (name === 'mnist') {
    const { train, test } = await readMnist(reader);
    return { train: describe(train, 28, 1), test: describe(test, 28, 1) };
  }
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
