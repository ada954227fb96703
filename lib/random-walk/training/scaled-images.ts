/** Labelled pictures at the size that networks are trained and judged at. */
import type { LabelledPicture, LabelledPictures } from '../../datasets/labelled-pictures.ts';
import { resizeLabels } from '../../datasets/resize-labels.ts';
import { resizeRegion } from '../../datasets/resize-picture.ts';

/** Colours by the mean of the area under a pixel, labels by its centre; pictures that are not larger stay as they are. */
export function scaleLabelledPicture(picture: LabelledPicture, longestSide: number): LabelledPicture {
  const scale = longestSide / Math.max(picture.width, picture.height);
  if (scale >= 1) return picture;
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale))) as [
    number,
    number,
  ];
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  return {
    name: picture.name,
    ...resizeRegion(picture, whole, width, height),
    ...resizeLabels(picture, width, height),
  };
}

/** The pictures of these names, all in memory. Throws DatasetCorrupt, DatasetMissing, UnusablePicture. */
export async function readScaledPictures(
  pictures: LabelledPictures,
  names: readonly string[],
  longestSide: number,
): Promise<readonly LabelledPicture[]> {
  const scaled: LabelledPicture[] = [];
  for (const name of names) scaled.push(scaleLabelledPicture(await pictures.picture(name), longestSide));
  return scaled;
}

/** So many of the names, spread evenly over the list; all where there are not more. */
export function spreadNames(names: readonly string[], count: number): readonly string[] {
  if (count >= names.length) return names;
  return Array.from({ length: count }, (_, index) => names[Math.floor(((index + 0.5) * names.length) / count)]!);
}
