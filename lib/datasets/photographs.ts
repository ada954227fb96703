/**
 * Photographs as content of neural art (arXiv 1606.04474, §3.4): any folder of them, reduced to a short side of 128 pixels.
 * The paper took 1,800 images of ImageNet; BSDS500 (Martin et al. 2001, Arbeláez et al. 2011) is the one with a name here.
 */
import { randomStream } from '../numerics/random.ts';
import type { DatasetReader } from './dataset.ts';
import type { Picture } from './decode-picture.ts';
import { UnusablePicture } from './errors.ts';
import type { DatasetImporter } from './importers.ts';
import {
  describeMadePictures,
  type NamedPicture,
  packPictures,
  readPictureFolder,
  unpackPictures,
} from './picture-folder.ts';
import { resizeRegion } from './resize-picture.ts';
import { readStandInNote } from './stand-ins/note.ts';
import { makeScenes } from './stand-ins/scenes.ts';

/** Pixels of the shorter side, the largest square that can be cut from one. */
export const photographSide = 128;
/** The splits below need one each, and a little to train on. */
const fewestPhotographs = 10;

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

export const photographsImporter: DatasetImporter = {
  name: 'photographs',
  ownerFolderNames: ['photographs', 'BSDS500/data/images', 'BSDS500'],
  hasStandIn: true,
  makeStandIn: () =>
    describeMadePictures(
      'Photographs’ place holder: discs before gradients, made in code.',
      makeScenes(12, photographSide),
    ),

  async read(folder) {
    const note = await readStandInNote('photographs', folder);
    const pictures = await readPictureFolder('photographs', folder, fewestPhotographs, reducePhotograph);
    const count = `${pictures.length} photographs, reduced to ${photographSide} pixels on the shorter side`;
    // Not ImageNet's, whichever they are.
    return { origin: 'stand-in', description: note ?? `The user’s own: ${count}.`, files: [packPictures(pictures)] };
  },
};

function reducePhotograph(picture: Picture, file: string): Picture {
  const { width, height } = picture;
  const shorter = Math.min(width, height);
  if (shorter < photographSide) {
    throw new UnusablePicture(
      file,
      `a photograph must have ${photographSide} pixels on its shorter side, this one has ${shorter}`,
      'bring a larger copy',
    );
  }
  const scale = photographSide / shorter;
  const whole = { x: 0, y: 0, width, height };
  return resizeRegion(picture, whole, Math.round(width * scale), Math.round(height * scale));
}
