/**
 * CIFAR-10: 50,000 + 10,000 photographs of 32 × 32 pixels in ten classes (Krizhevsky 2009), in its owners' binary version:
 * six files of 10,000 records each. A record is a label, 0 to 9, then 1,024 bytes each of red, green and blue, row by row.
 */
import { createHash } from 'node:crypto';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { type CheckedDataset, type CheckedFile, checkedFile, type DatasetImporter } from './importer.ts';
import { findSourceFile, readSourceFile, streamSourceFile } from './source-files.ts';
import { makeColourPatches } from './stand-ins/colour-patches.ts';
import { readStandInNote } from './stand-ins/note.ts';

export const cifarLabels = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

const planePixels = 32 * 32;
export const recordBytes = 1 + 3 * planePixels;
const officialRecords = 10_000;

/** The files of the owners' binary version, by the MD5 of their bytes: it is what they publish checksums in. */
export const cifarFiles = {
  'data_batch_1.bin': '5dd7e06a14cb22eb9f671a540d1b7c25',
  'data_batch_2.bin': '5ea93a67294ea407fff1d09f752e9692',
  'data_batch_3.bin': '942cd6a4bcdd0dd3c604fbe906cb4421',
  'data_batch_4.bin': 'ae636b3ba5c66a11e91e8cb52e771fcb',
  'data_batch_5.bin': '53f37980c15c3d472c316c40844f3f0d',
  'test_batch.bin': '803d5f7f4d78ea53de84dbe85f74fb6d',
} as const;
const fileNames = Object.keys(cifarFiles) as readonly (keyof typeof cifarFiles)[];

export interface LabelledImages {
  /** [count, 32, 32, 3], 0 to 255 */
  readonly images: Uint8Array;
  /** [count], 0 to 9 */
  readonly labels: Uint8Array;
}

/** One split, in the owners' order. Throws DatasetCorrupt. */
export async function readCifar10(reader: DatasetReader, split: 'train' | 'test'): Promise<LabelledImages> {
  const files: Uint8Array[] = [];
  const counts: number[] = [];
  for (const name of filesOf(split)) {
    const file = await reader.file(name);
    files.push(file);
    counts.push(countRecords(file, name));
  }
  const count = counts.reduce((sum, records) => sum + records, 0);
  const images = new Uint8Array(count * 3 * planePixels);
  const labels = new Uint8Array(count);
  let record = 0;
  for (const [index, file] of files.entries()) {
    for (let local = 0; local < counts[index]!; local++, record++) {
      const start = local * recordBytes;
      labels[record] = file[start]!;
      // Red, green and blue planes → red, green and blue of every pixel.
      const target = record * 3 * planePixels;
      for (let pixel = 0; pixel < planePixels; pixel++) {
        images[target + 3 * pixel] = file[start + 1 + pixel]!;
        images[target + 3 * pixel + 1] = file[start + 1 + planePixels + pixel]!;
        images[target + 3 * pixel + 2] = file[start + 1 + 2 * planePixels + pixel]!;
      }
    }
  }
  return { images, labels };
}

/** How many images a split has; none is decoded. Throws DatasetCorrupt. */
export async function countCifar10(reader: DatasetReader, split: 'train' | 'test'): Promise<number> {
  let count = 0;
  for (const name of filesOf(split)) count += countRecords(await reader.file(name), name);
  return count;
}

function filesOf(split: 'train' | 'test'): readonly (keyof typeof cifarFiles)[] {
  return fileNames.filter((name) => name.startsWith('data_batch') === (split === 'train'));
}

/** The whole records of a file, every label checked. Throws DatasetCorrupt. */
export function countRecords(bytes: Uint8Array, file: string): number {
  const records = Math.floor(bytes.length / recordBytes);
  if (records === 0 || records * recordBytes !== bytes.length) {
    const left = bytes.length - records * recordBytes;
    throw new DatasetCorrupt(
      file,
      `a record has ${recordBytes} bytes, and after ${records} of them the file has ${left} more: it was cut off, or is no batch of CIFAR-10's binary version`,
      { record: records },
    );
  }
  for (let record = 0; record < records; record++) {
    const label = bytes[record * recordBytes]!;
    if (label >= cifarLabels.length) {
      throw new DatasetCorrupt(file, `labels are 0 to ${cifarLabels.length - 1}, this one is ${label}`, { record });
    }
  }
  return records;
}

export const cifar10Importer: DatasetImporter = {
  name: 'cifar-10',
  // The owners' archive unpacks to the first.
  ownerFolderNames: ['cifar-10-batches-bin', 'cifar-10'],
  hasStandIn: true,
  makeStandIn: () =>
    describeStandIn('CIFAR-10’s place holder: patches of colour and stripes made in code.', makeColourPatches()),

  async read(folder) {
    const note = await readStandInNote('cifar-10', folder);
    const files: CheckedFile[] = [];
    const checksums: Record<string, string> = {};
    for (const name of fileNames) {
      const source = await findSourceFile('cifar-10', folder, [name, `${name}.gz`]);
      const bytes = await readSourceFile(source, 2 * officialRecords * recordBytes);
      const records = countRecords(bytes, source.path);
      if (!note && records !== officialRecords) {
        throw new DatasetCorrupt(
          source.path,
          `it has ${records} records, CIFAR-10's files have ${officialRecords} each`,
        );
      }
      checksums[name] = createHash('md5').update(bytes).digest('hex');
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      files.push({ name, size: bytes.length, sha256, open: () => streamSourceFile(source) });
    }
    if (note) return { origin: 'stand-in', description: note, files };
    return { ...describeOrigin(checksums), files };
  },
};

/** The paper's own data only where every file is the owners', by the MD5 of its bytes. */
export function describeOrigin(
  checksums: Readonly<Record<string, string>>,
): Pick<CheckedDataset, 'origin' | 'description'> {
  const what = 'CIFAR-10, 50,000 + 10,000 photographs of 32 × 32 pixels in ten classes';
  return fileNames.every((name) => checksums[name] === cifarFiles[name])
    ? { origin: 'paper', description: `${what}; the owners' bytes, by checksum.` }
    : { origin: 'paper (re-encoded)', description: `${what}, in the owners' layout but not their bytes.` };
}

/** Files in memory as a checked dataset. */
function describeStandIn(description: string, files: Readonly<Record<string, Uint8Array>>): CheckedDataset {
  return {
    origin: 'stand-in',
    description,
    files: Object.entries(files).map(([name, bytes]) => checkedFile(name, bytes)),
  };
}
