/**
 * BSDS500 (Arbeláez et al. 2011): photographs that about five people each have divided into regions. As its owners' archive unpacks:
 * `data/images/{train,val,test}/NAME.jpg`, `data/groundTruth/{train,val,test}/NAME.mat`, MAT-files of version 5 with a cell
 * `groundTruth` of structs `Segmentation` (regions from 1) and `Boundaries` (0 or 1). Not a dataset of the paper's: human labels
 * for affinities and for the boundary benchmark, without classes.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetReader } from './dataset.ts';
import { fieldOf, matrixOf } from './decode-labels.ts';
import { decodePicture } from './decode-picture.ts';
import { DatasetCorrupt, DatasetMissing } from './errors.ts';
import type { CheckedFile, DatasetImporter } from './importer.ts';
import { sourceOf } from './labelled-folder.ts';
import { readMatFile } from './mat-file.ts';
import type { NamedPicture } from './packed-pictures.ts';
import { findSourceFile, kindOfPath, readSourceFile } from './source-files.ts';

export const bsdsSplits = ['train', 'val', 'test'] as const;
export type BsdsSplit = (typeof bsdsSplits)[number];

/** What one person drew. */
export interface HumanSegmentation {
  /** [height, width], regions from 1 */
  readonly regions: Uint16Array;
  /** [height, width], 1 on the boundaries between regions */
  readonly boundaries: Uint8Array;
}

export interface SegmentedPicture extends NamedPicture {
  readonly people: readonly HumanSegmentation[];
}

export interface Bsds500 {
  /** Names of the split's pictures, in order. */
  names(split: BsdsSplit): readonly string[];
  /** Throws DatasetCorrupt, DatasetMissing. */
  picture(split: BsdsSplit, name: string): Promise<SegmentedPicture>;
}

const mostBytes = 200_000_000;

export const bsds500Importer: DatasetImporter = {
  name: 'bsds500',
  ownerFolderNames: ['bsds500', 'BSDS500', 'BSR/BSDS500'],
  async read(folder) {
    const files: CheckedFile[] = [];
    const counts: string[] = [];
    for (const split of bsdsSplits) {
      const images = join(folder, 'data/images', split);
      if ((await kindOfPath('bsds500', images)) !== 'folder') continue;
      const names = (await readdir(images)).filter((name) => name.endsWith('.jpg')).map((name) => name.slice(0, -4));
      for (const name of names.sort()) {
        const photograph = await findSourceFile('bsds500', images, [`${name}.jpg`]);
        const truth = await findSourceFile('bsds500', join(folder, 'data/groundTruth', split), [`${name}.mat`]);
        const [photographBytes, truthBytes] = [
          await readSourceFile(photograph, mostBytes),
          await readSourceFile(truth, mostBytes),
        ];
        await decodeSegmented(name, photographBytes, photograph.path, truthBytes, truth.path);
        files.push(
          sourceOf(`images/${split}/${name}.jpg`, photograph, photographBytes),
          sourceOf(`groundTruth/${split}/${name}.mat`, truth, truthBytes),
        );
      }
      if (names.length > 0) counts.push(`${names.length} ${split}`);
    }
    if (files.length === 0) {
      throw new DatasetMissing('bsds500', `${folder} has no photographs in data/images/train, val or test`);
    }
    return {
      // In place of VOC, whichever pictures of it are there.
      origin: 'stand-in',
      description: `BSDS500, photographs with the segmentations that people drew: ${counts.join(', ')}.`,
      files,
    };
  },
};

/** Throws DatasetCorrupt, DatasetMissing, and when a picture is read. */
export function openBsds500(reader: DatasetReader): Bsds500 {
  return {
    names: (split) =>
      reader.manifest.files
        .map(({ name }) => new RegExp(`^images/${split}/(.+)\\.jpg$`).exec(name)?.[1])
        .filter((name) => name !== undefined)
        .sort(),
    async picture(split, name) {
      const [photograph, truth] = [`images/${split}/${name}.jpg`, `groundTruth/${split}/${name}.mat`];
      return decodeSegmented(name, await reader.file(photograph), photograph, await reader.file(truth), truth);
    },
  };
}

async function decodeSegmented(
  name: string,
  photograph: Uint8Array,
  photographPath: string,
  truth: Uint8Array,
  truthPath: string,
): Promise<SegmentedPicture> {
  const picture = await decodePicture(photograph, photographPath);
  const people = decodeHumanSegmentations(truth, truthPath, picture.width, picture.height);
  return { name, ...picture, people };
}

/** All people's segmentations of one picture, which must have its size. Throws DatasetCorrupt. */
export function decodeHumanSegmentations(
  bytes: Uint8Array,
  file: string,
  width: number,
  height: number,
): readonly HumanSegmentation[] {
  const truth = readMatFile(bytes, file).get('groundTruth');
  if (truth?.kind !== 'cells' || truth.cells.length === 0) {
    throw new DatasetCorrupt(file, 'it must have a variable groundTruth, a cell array with a struct for each person');
  }
  return truth.cells.map((person, index) => {
    const read = (field: string, most: number) => {
      const variable = `groundTruth{${index + 1}}.${field}`;
      const matrix = matrixOf(fieldOf(person, field), variable, file);
      if (matrix.width !== width || matrix.height !== height) {
        throw new DatasetCorrupt(
          file,
          `${variable} must have the size of the photograph, ${width} × ${height}, and is ${matrix.width} × ${matrix.height}`,
        );
      }
      const wrong = matrix.values.find((value) => !(Number.isInteger(value) && value >= 0 && value <= most));
      if (wrong !== undefined) {
        throw new DatasetCorrupt(file, `${variable} must be whole numbers from 0 to ${most}, and has ${wrong}`);
      }
      return matrix.values;
    };
    return {
      regions: Uint16Array.from(read('Segmentation', 65_535)),
      boundaries: Uint8Array.from(read('Boundaries', 1)),
    };
  });
}
