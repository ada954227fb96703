/** A folder of pictures, each decoded, cut and made as small as it is needed: what is kept of it in the store is one file. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { decodeSafetensors, encodeSafetensors } from '../numerics/safetensors.ts';
import type { DatasetReader } from './dataset.ts';
import { decodePicture, type Picture, pictureExtensions } from './decode-picture.ts';
import { DatasetCorrupt, DatasetMissing } from './errors.ts';
import type { CheckedDataset, CheckedFile } from './importers.ts';
import { findSourceFile, readSourceFile } from './source-files.ts';

const packedFile = 'pictures.safetensors';
/** No picture that anybody takes has more. */
const mostBytes = 200_000_000;

export interface NamedPicture extends Picture {
  readonly name: string;
}

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

/** The pictures as the one file that the store keeps. */
export function packPictures(pictures: readonly NamedPicture[]): CheckedFile {
  const tensors = Object.fromEntries(
    // Numbered, so that their order does not depend on how names sort.
    pictures.map(({ name, width, height, rgb }, index) => [
      `${String(index).padStart(5, '0')} ${name}`,
      { shape: [height, width, 3], data: rgb },
    ]),
  );
  return checkedFile(packedFile, encodeSafetensors(tensors));
}

/** What `packPictures` packed. Throws DatasetCorrupt. */
export async function unpackPictures(reader: DatasetReader): Promise<readonly NamedPicture[]> {
  const { tensors } = decodeSafetensors(await reader.file(packedFile));
  return Object.entries(tensors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { shape, data }]) => {
      const [height, width, channels] = shape;
      if (!(data instanceof Uint8Array) || channels !== 3 || !height || !width) {
        throw new DatasetCorrupt(packedFile, `'${name}' must be bytes of shape [height, width, 3], and is [${shape}]`);
      }
      return { name: name.slice(6), width, height, rgb: data };
    });
}

/** A file in memory, with its checksum. */
export function checkedFile(name: string, bytes: Uint8Array): CheckedFile {
  return {
    name,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async *open() {
      yield bytes;
    },
  };
}

/** Pictures made in code, under the origin that says so. */
export function describeMadePictures(description: string, pictures: readonly NamedPicture[]): CheckedDataset {
  return { origin: 'stand-in', description, files: [packPictures(pictures)] };
}
