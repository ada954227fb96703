/**
 * The styles of neural art (arXiv 1606.04474, §3.4): a folder of paintings. The first by name is the one that optimizers are
 * trained on, the others are the new ones that they are tested on. The paper's own are not named in it.
 */
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
import { middleSquare, resizeRegion } from './resize-picture.ts';
import { readStandInNote } from './stand-ins/note.ts';
import { makeTextures } from './stand-ins/scenes.ts';

/** Pixels of a style's side; it is reduced further to the size of the image. */
export const styleSide = 128;

/** Throws DatasetCorrupt. */
export async function readStylePictures(
  reader: DatasetReader,
): Promise<{ readonly training: NamedPicture; readonly test: readonly NamedPicture[] }> {
  const [training, ...test] = await unpackPictures(reader);
  return { training: training!, test };
}

export const stylePicturesImporter: DatasetImporter = {
  name: 'style-pictures',
  ownerFolderNames: ['style-pictures'],
  hasStandIn: true,
  makeStandIn: () =>
    describeMadePictures('Paintings’ place holder: waves of two colours, made in code.', makeTextures(2, styleSide)),

  async read(folder) {
    const note = await readStandInNote('style-pictures', folder);
    const pictures = await readPictureFolder('style-pictures', folder, 2, reduceStyle);
    return {
      origin: 'stand-in',
      description: note ?? `The user’s own: ${pictures.map(({ name }) => name).join(', ')}.`,
      files: [packPictures(pictures)],
    };
  },
};

function reduceStyle(picture: Picture, file: string): Picture {
  const square = middleSquare(picture);
  if (square.width < styleSide) {
    throw new UnusablePicture(
      file,
      `a style must have ${styleSide} pixels on its shorter side, this one has ${square.width}`,
      'bring a larger copy',
    );
  }
  return resizeRegion(picture, square, styleSide, styleSide);
}
