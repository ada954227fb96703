/**
 * MNIST's pictures made smaller: the central 24 × 24 pixels, beyond which hardly a digit reaches, averaged in square
 * blocks. What a network's layers are to each other stays; a training episode costs a tenth.
 */
import type { LabelledImages } from './mnist.ts';

/** Pixels a side; 28 is the original. */
export const imageSides = [8, 12, 28] as const;
export type ImageSide = (typeof imageSides)[number];

const originalSide = 28;
const margin = 2;

/** [count, 784] to [count, side · side], each the rounded mean of its block. */
export function poolImages({ images, labels }: LabelledImages, side: ImageSide): LabelledImages {
  if (side === originalSide) return { images, labels };
  const block = (originalSide - 2 * margin) / side;
  const pooled = new Uint8Array(labels.length * side * side);
  for (let image = 0; image < labels.length; image++) {
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        let sum = 0;
        for (let y = 0; y < block; y++) {
          const line = (image * originalSide + margin + row * block + y) * originalSide + margin + column * block;
          for (let x = 0; x < block; x++) sum += images[line + x]!;
        }
        pooled[(image * side + row) * side + column] = Math.round(sum / (block * block));
      }
    }
  }
  return { images: pooled, labels };
}
