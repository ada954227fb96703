/**
 * Photographs as content of neural art (arXiv 1606.04474, §3.4): any folder of them, reduced to a short side of 128 pixels.
 * The paper took 1,800 images of ImageNet; BSDS500 (Martin et al. 2001, Arbeláez et al. 2011) is the one with a name here.
 */
import { randomStream } from '../numerics/random.ts';
import type { DatasetReader } from './dataset.ts';
import { type NamedPicture, unpackPictures } from './packed-pictures.ts';

/** Pixels of the shorter side, the largest square that can be cut from one. */
export const photographSide = 128;

export interface PhotographSplits {
  readonly training: readonly NamedPicture[];
  readonly validation: readonly NamedPicture[];
  readonly test: readonly NamedPicture[];
}

/** A third, and at most 100, to test on; of the rest a tenth, and at most 20, to validate on; drawn once for all. */
export function splitPhotographs(photographs: readonly NamedPicture[]): PhotographSplits {
  const order = new Int32Array(photographs.length);
  randomStream(0, 'photographs').fillSample(order, photographs.length);
  const shuffled = Array.from(order, (index) => photographs[index]!);
  const tested = Math.min(100, Math.floor(photographs.length / 3));
  const validated = Math.min(20, Math.ceil((photographs.length - tested) / 10));
  return {
    test: shuffled.slice(0, tested),
    validation: shuffled.slice(tested, tested + validated),
    training: shuffled.slice(tested + validated),
  };
}

/** Throws DatasetCorrupt. */
export async function readPhotographs(reader: DatasetReader): Promise<PhotographSplits> {
  return splitPhotographs(await unpackPictures(reader));
}
