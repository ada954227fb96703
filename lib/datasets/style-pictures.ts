/**
 * The styles of neural art (arXiv 1606.04474, §3.4): a folder of paintings. The first by name is the one that optimizers are
 * trained on, the others are the new ones that they are tested on. The paper's own are not named in it.
 */
import type { DatasetReader } from './dataset.ts';
import { type NamedPicture, unpackPictures } from './packed-pictures.ts';

/** Pixels of a style's side; it is reduced further to the size of the image. */
export const styleSide = 128;

/** Throws DatasetCorrupt. */
export async function readStylePictures(
  reader: DatasetReader,
): Promise<{ readonly training: NamedPicture; readonly test: readonly NamedPicture[] }> {
  const [training, ...test] = await unpackPictures(reader);
  return { training: training!, test };
}
