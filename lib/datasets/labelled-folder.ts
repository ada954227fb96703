/** A user's folder of photographs and label files: every file is decoded and checked before anything is stored. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DatasetOrigin } from './dataset.ts';
import { type LabelFormat, labelExtensions } from './decode-labels.ts';
import { DatasetCorrupt, DatasetMissing } from './errors.ts';
import { type CheckedDataset, type CheckedFile, checkedFile } from './importer.ts';
import {
  decodeLabelled,
  indexFile,
  type LabelledPicturesIndex,
  labelFile,
  photographFile,
} from './labelled-pictures.ts';
import { findSourceFile, readSourceFile, type SourceFile, streamSourceFile } from './source-files.ts';
import { decodeLines } from './text-lines.ts';

/** No picture that anybody takes has more. */
const mostBytes = 200_000_000;

export interface LabelledLayout {
  readonly dataset: string;
  readonly folder: string;
  readonly origin: DatasetOrigin;
  readonly description: string;
  /** Folders of photographs (`NAME.jpg`) and of labels, below `folder`. */
  readonly photographs: string;
  readonly labels: string;
  readonly labelFormat: LabelFormat;
  readonly classNames: readonly string[];
  readonly training: readonly string[];
  readonly validation: readonly string[];
}

/** Throws DatasetMissing, DatasetUnreadable, DatasetCorrupt, UnusablePicture. */
export async function checkLabelledFolder(layout: LabelledLayout): Promise<CheckedDataset> {
  const { dataset, folder, labelFormat, classNames, training, validation, origin, description } = layout;
  for (const [split, names] of Object.entries({ training, validation })) {
    if (names.length === 0) throw new DatasetMissing(dataset, `${folder} has no pictures for ${split}`);
  }
  const files: CheckedFile[] = [
    indexOf({
      formatVersion: 1,
      labelFormat,
      classNames: [...classNames],
      training: [...training],
      validation: [...validation],
    }),
  ];
  for (const name of [...training, ...validation]) {
    const photograph = await findSourceFile(dataset, join(folder, layout.photographs), [`${name}.jpg`, `${name}.jpeg`]);
    const labels = await findSourceFile(dataset, join(folder, layout.labels), [
      `${name}${labelExtensions[labelFormat]}`,
    ]);
    const [photographBytes, labelBytes] = [
      await readSourceFile(photograph, mostBytes),
      await readSourceFile(labels, mostBytes),
    ];
    await decodeLabelled(
      name,
      { bytes: photographBytes, path: photograph.path },
      { bytes: labelBytes, path: labels.path, format: labelFormat },
      classNames.length,
    );
    files.push(
      sourceOf(photographFile(name), photograph, photographBytes),
      sourceOf(labelFile(name, labelFormat), labels, labelBytes),
    );
  }
  return { origin, description, files };
}

/** The index as a file of the store. */
export function indexOf(index: LabelledPicturesIndex): CheckedFile {
  return checkedFile(indexFile, Buffer.from(`${JSON.stringify(index, null, 2)}\n`));
}

/** A file that stays where it is until it is stored. */
export function sourceOf(name: string, source: SourceFile, bytes: Uint8Array): CheckedFile {
  return {
    name,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    open: () => streamSourceFile(source),
  };
}

/**
 * Names of pictures, one a line, empty lines passed over. Throws DatasetCorrupt for a name that comes twice, leads elsewhere or has
 * blanks.
 */
export async function readNameList(
  dataset: string,
  folder: string,
  files: readonly string[],
): Promise<readonly string[]> {
  const source = await findSourceFile(dataset, folder, files);
  const names = new Set<string>();
  for (const { number, text } of decodeLines(await readSourceFile(source, mostBytes), source.path)) {
    const name = text.trim();
    if (name === '') continue;
    if (!/^[\w()-][\w.()-]*$/.test(name)) {
      throw new DatasetCorrupt(
        source.path,
        `line ${number}: a picture's name has letters, digits, - and _, got '${name.slice(0, 60)}'`,
      );
    }
    if (names.has(name)) throw new DatasetCorrupt(source.path, `line ${number}: '${name}' comes a second time`);
    names.add(name);
  }
  return [...names];
}

/** Throws DatasetCorrupt where a picture is in both lists: what is judged must not have been trained on. */
export function checkDisjoint(training: readonly string[], validation: readonly string[], file: string): void {
  const trained = new Set(training);
  const both = validation.find((name) => trained.has(name));
  if (both !== undefined) throw new DatasetCorrupt(file, `'${both}' is for training and for validation`);
}
