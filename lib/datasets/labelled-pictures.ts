/**
 * Photographs with a class for every pixel, as the store keeps them: the owners' own files, and an index of the splits. A
 * picture is decoded when it is asked for: a dataset of thousands does not fit in memory.
 */
import { z } from 'zod';
import type { DatasetReader } from './dataset.ts';
import { decodeLabels, type LabelFormat, labelExtensions, labelFormats } from './decode-labels.ts';
import { decodePicture } from './decode-picture.ts';
import { DatasetCorrupt } from './errors.ts';
import type { LabelMap } from './label-map.ts';
import type { NamedPicture } from './packed-pictures.ts';

/** What its photographs show, and where: [height, width] labels beside [height, width, 3] colours. */
export interface LabelledPicture extends NamedPicture, LabelMap {}

export interface LabelledPictures {
  readonly classNames: readonly string[];
  readonly training: readonly string[];
  readonly validation: readonly string[];
  /** Throws DatasetCorrupt, DatasetMissing, UnusablePicture. */
  picture(name: string): Promise<LabelledPicture>;
}

export const indexFile = 'index.json';
export const labelledPicturesIndexSchema = z.strictObject({
  formatVersion: z.literal(1),
  labelFormat: z.enum(labelFormats),
  classNames: z.array(z.string()).min(1).max(255),
  training: z.array(z.string()),
  validation: z.array(z.string()),
});
export type LabelledPicturesIndex = z.infer<typeof labelledPicturesIndexSchema>;

export const photographFile = (name: string) => `images/${name}.jpg`;
export const labelFile = (name: string, format: LabelFormat) => `labels/${name}${labelExtensions[format]}`;

/** Throws DatasetCorrupt, DatasetMissing. */
export async function openLabelledPictures(reader: DatasetReader): Promise<LabelledPictures> {
  const parsed = labelledPicturesIndexSchema.safeParse(
    JSON.parse(new TextDecoder().decode(await reader.file(indexFile))),
  );
  if (!parsed.success) throw new DatasetCorrupt(indexFile, z.prettifyError(parsed.error));
  const { labelFormat, classNames, training, validation } = parsed.data;
  return {
    classNames,
    training,
    validation,
    async picture(name) {
      const [image, labels] = [photographFile(name), labelFile(name, labelFormat)];
      return decodeLabelled(
        name,
        { bytes: await reader.file(image), path: image },
        { bytes: await reader.file(labels), path: labels, format: labelFormat },
        classNames.length,
      );
    },
  };
}

interface NamedBytes {
  readonly bytes: Uint8Array;
  readonly path: string;
}

/** A photograph and its labels, which must have its size. Throws DatasetCorrupt, UnusablePicture. */
export async function decodeLabelled(
  name: string,
  photograph: NamedBytes,
  labelled: NamedBytes & { readonly format: LabelFormat },
  classes: number,
): Promise<LabelledPicture> {
  const picture = await decodePicture(photograph.bytes, photograph.path);
  const { width, height, labels } = await decodeLabels(labelled.format, labelled.bytes, labelled.path, classes);
  if (width !== picture.width || height !== picture.height) {
    throw new DatasetCorrupt(
      labelled.path,
      `labels must have the size of their photograph, and are ${width} × ${height} where ${photograph.path} is ${picture.width} × ${picture.height}`,
    );
  }
  return { name, ...picture, labels };
}
