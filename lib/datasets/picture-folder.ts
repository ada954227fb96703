/** A folder of pictures, each decoded, cut and made as small as it is needed. */
import { readdir } from 'node:fs/promises';
import { decodePicture, type Picture, pictureExtensions } from './decode-picture.ts';
import { DatasetMissing } from './errors.ts';
import type { NamedPicture } from './packed-pictures.ts';
import { findSourceFile, readSourceFile } from './source-files.ts';

/** No picture that anybody takes has more. */
const mostBytes = 200_000_000;

/**
 * Every picture below `folder`, in the order of their paths, through `reduce`. Throws DatasetMissing where there are fewer
 * than `fewest`, and what `decodePicture` throws.
 */
export async function readPictureFolder(
  dataset: string,
  folder: string,
  fewest: number,
  reduce: (picture: Picture, file: string) => Picture,
): Promise<readonly NamedPicture[]> {
  const entries = await readdir(folder, { recursive: true });
  const paths = entries.filter((path) => pictureExtensions.some((end) => path.toLowerCase().endsWith(end))).sort();
  if (paths.length < fewest) {
    throw new DatasetMissing(
      dataset,
      `${folder} must have at least ${fewest} pictures (${pictureExtensions.join(', ')}), and has ${paths.length}`,
    );
  }
  const pictures: NamedPicture[] = [];
  for (const path of paths) {
    const source = await findSourceFile(dataset, folder, [path]);
    const picture = await decodePicture(await readSourceFile(source, mostBytes), source.path);
    pictures.push({ name: path, ...reduce(picture, source.path) });
  }
  return pictures;
}
