/** Pictures of a dataset as the one file that the store keeps. It imports no decoder: what reads it depends on none. */
import { decodeSafetensors, encodeSafetensors } from '../numerics/safetensors.ts';
import type { DatasetReader } from './dataset.ts';
import type { Picture } from './decode-picture.ts';
import { DatasetCorrupt } from './errors.ts';
import { type CheckedDataset, type CheckedFile, checkedFile } from './importer.ts';

const packedFile = 'pictures.safetensors';

export interface NamedPicture extends Picture {
  readonly name: string;
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

/** Pictures made in code, under the origin that says so. */
export function describeMadePictures(description: string, pictures: readonly NamedPicture[]): CheckedDataset {
  return { origin: 'stand-in', description, files: [packPictures(pictures)] };
}
