/** Takes any folder of photographs as contents of neural art; see `photographs.ts`. */
import type { Picture } from './decode-picture.ts';
import { UnusablePicture } from './errors.ts';
import type { DatasetImporter } from './importer.ts';
import { describeMadePictures, packPictures } from './packed-pictures.ts';
import { photographSide } from './photographs.ts';
import { readPictureFolder } from './picture-folder.ts';
import { resizeRegion } from './resize-picture.ts';
import { readStandInNote } from './stand-ins/note.ts';
import { makeScenes } from './stand-ins/scenes.ts';

/** The splits need one each, and a little to train on. */
const fewestPhotographs = 10;

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
