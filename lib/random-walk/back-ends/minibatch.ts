/** Minibatches of random crops, half of them mirrored (§4.5), each a function of the update's number. */
import type { Picture } from '../../datasets/decode-picture.ts';
import { type LabelMap, voidLabel } from '../../datasets/label-map.ts';
import { randomStream } from '../../numerics/random.ts';
import { InvalidTrainingImages } from './errors.ts';

/** [height, width, 3] colours and [height, width] labels, `voidLabel` for a pixel that has no class. */
export type LabelledImage = Picture & LabelMap;

export interface CropSettings {
  readonly batchSize: number;
  /** 8k + 1 rows put the last scores on the last row, as DeepLab's 321 do. */
  readonly cropHeight: number;
  readonly cropWidth: number;
}

export interface SegmentationMinibatch extends CropSettings {
  /** [batchSize, cropHeight, cropWidth, 3], 0 to 255 */
  readonly images: Float32Array;
  /** [batchSize, cropHeight, cropWidth] */
  readonly labels: Uint8Array;
}

/** What lies outside an image that is smaller than its crop: ImageNet's mean colour. */
const outside = [123, 117, 104] as const;

/** Different images, as long as there are so many. Throws InvalidTrainingImages where there is none, or labels are missing. */
export function drawMinibatch(
  images: readonly LabelledImage[],
  settings: CropSettings,
  seed: number,
  update: number,
): SegmentationMinibatch {
  const { batchSize, cropHeight, cropWidth } = settings;
  if (images.length === 0) throw new InvalidTrainingImages('There must be an image to train with, got none.');
  const random = randomStream(seed, 'minibatch', update);
  const pixels = cropHeight * cropWidth;
  const batch: SegmentationMinibatch = {
    ...{ batchSize, cropHeight, cropWidth },
    images: new Float32Array(3 * batchSize * pixels),
    labels: new Uint8Array(batchSize * pixels),
  };
  const order = new Int32Array(Math.min(batchSize, images.length));
  random.fillSample(order, images.length);
  for (let index = 0; index < batchSize; index++) {
    const image = images[order[index % order.length]!]!;
    const place = {
      top: drawStart(random.uniform(), image.height, cropHeight),
      left: drawStart(random.uniform(), image.width, cropWidth),
      isMirrored: random.uniform() < 0.5,
    };
    cropImage(image, place, settings, {
      images: batch.images.subarray(3 * index * pixels, 3 * (index + 1) * pixels),
      labels: batch.labels.subarray(index * pixels, (index + 1) * pixels),
    });
  }
  return batch;
}

/** The first row or column of a crop, all equally likely; 0 of a crop that is as long as the image, or longer. */
function drawStart(uniform: number, length: number, cropLength: number): number {
  return Math.floor(uniform * Math.max(1, length - cropLength + 1));
}

function cropImage(
  { width, height, rgb, labels }: LabelledImage,
  place: { readonly top: number; readonly left: number; readonly isMirrored: boolean },
  { cropHeight, cropWidth }: CropSettings,
  target: { readonly images: Float32Array; readonly labels: Uint8Array },
): void {
  if (rgb.length !== 3 * width * height || labels.length !== width * height) {
    throw new InvalidTrainingImages(
      `An image of ${width} × ${height} must have ${3 * width * height} colours and ${width * height} labels, got ${rgb.length} and ${labels.length}.`,
    );
  }
  for (let row = 0; row < cropHeight; row++) {
    for (let column = 0; column < cropWidth; column++) {
      const y = place.top + row;
      const x = place.left + (place.isMirrored ? cropWidth - 1 - column : column);
      const to = row * cropWidth + column;
      const from = y * width + x;
      const isInside = y < height && x < width;
      target.labels[to] = isInside ? labels[from]! : voidLabel;
      for (let colour = 0; colour < 3; colour++) {
        target.images[3 * to + colour] = isInside ? rgb[3 * from + colour]! : outside[colour]!;
      }
    }
  }
}

/**
 * Labels of every `stride`-th pixel, which is where the class scores lie.
 *
 * @param labels [images, height, width]
 * @returns [images, ⌈height/stride⌉, ⌈width/stride⌉]
 */
export function sampleLabels(labels: Uint8Array, height: number, width: number, stride: number): Uint8Array {
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const images = labels.length / (height * width);
  return Uint8Array.from({ length: images * rows * columns }, (_, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns) % rows;
    const image = Math.floor(index / columns / rows);
    return labels[(image * height + row * stride) * width + column * stride]!;
  });
}
