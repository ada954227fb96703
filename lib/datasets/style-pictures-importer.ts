/** Takes a folder of paintings as styles of neural art; see `style-pictures.ts`. */
import type { Picture } from './decode-picture.ts';
import { UnusablePicture } from './errors.ts';
import type { DatasetImporter } from './importer.ts';
import { describeMadePictures, packPictures } from './packed-pictures.ts';
import { readPictureFolder } from './picture-folder.ts';
import { middleSquare, resizeRegion } from './resize-picture.ts';
import { readStandInNote } from './stand-ins/note.ts';
import { makeTextures } from './stand-ins/scenes.ts';
import { styleSide } from './style-pictures.ts';

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
