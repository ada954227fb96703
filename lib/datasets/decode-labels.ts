/** Label maps in their owners' formats, each decoded and checked: a label is one of `classes` classes, or void. */
import { checkPngHeader } from './decode-picture.ts';
import { DatasetCorrupt, UnusablePicture } from './errors.ts';
import { type LabelMap, voidLabel } from './label-map.ts';
import { type MatValue, readMatFile } from './mat-file.ts';
import { stripPng } from './png-chunks.ts';

/**
 * `png`: PASCAL VOC, the indices of a palette, or grey of 8 bits; 255 is void. `sbd`: MAT-file, `GTcls.Segmentation`, 0 is
 * background. `sift-flow`: MAT-file, `S`, classes from 1, 0 is void. `regions`: Stanford Background, rows of numbers in text,
 * negative is void.
 */
export const labelFormats = ['png', 'sbd', 'sift-flow', 'regions'] as const;
export type LabelFormat = (typeof labelFormats)[number];

export const labelExtensions: Readonly<Record<LabelFormat, string>> = {
  png: '.png',
  sbd: '.mat',
  'sift-flow': '.mat',
  regions: '.regions.txt',
};

/** Throws DatasetCorrupt where the file is damaged or a label is no class, UnusablePicture where it is a picture of another kind. */
export async function decodeLabels(
  format: LabelFormat,
  bytes: Uint8Array,
  file: string,
  classes: number,
): Promise<LabelMap> {
  const map = await decoders[format](bytes, file);
  const wrong = map.labels.findIndex((label) => label >= classes && label !== voidLabel);
  if (wrong >= 0) throw notAClass(map.labels[wrong]!, Math.floor(wrong / map.width), wrong % map.width, classes, file);
  return map;
}

const decoders: Readonly<Record<LabelFormat, (bytes: Uint8Array, file: string) => LabelMap | Promise<LabelMap>>> = {
  png: decodeIndexedPng,
  sbd: (bytes, file) =>
    labelsOf(fieldOf(readMatFile(bytes, file).get('GTcls'), 'Segmentation'), 'GTcls.Segmentation', file),
  'sift-flow': (bytes, file) => labelsOf(readMatFile(bytes, file).get('S'), 'S', file, 1),
  regions: (bytes, file) => decodeRegions(new TextDecoder('latin1').decode(bytes), file),
};

/** Indices into the palette, never its colours: VOC's palette is only there to be looked at. */
async function decodeIndexedPng(bytes: Uint8Array, file: string): Promise<LabelMap> {
  const header = checkPngHeader(bytes, file);
  const { width, height, bitDepth, colourType } = header;
  if (colourType !== 3 && !(colourType === 0 && bitDepth === 8)) {
    const kinds: Record<number, string> = { 0: 'grey', 2: 'RGB', 4: 'grey with alpha', 6: 'RGB with alpha' };
    throw new UnusablePicture(
      file,
      `labels must be a PNG file with a palette, or grey of 8 bits; this one is ${kinds[colourType] ?? `of colour type ${colourType}`} of ${bitDepth} bits`,
      'save the classes’ numbers, not their colours',
    );
  }
  const stripped = stripPng(bytes, header, file);
  const { decode } = await import('fast-png');
  let data: ArrayLike<number>;
  try {
    data = decode(stripped, { checkCrc: true }).data;
  } catch (cause) {
    throw new DatasetCorrupt(file, `it cannot be decoded (${(cause as Error).message})`, { cause });
  }
  const rowBytes = Math.ceil((width * bitDepth) / 8);
  if (data.length !== rowBytes * height) throw new DatasetCorrupt(file, 'it has fewer pixels than its header says');
  const labels = new Uint8Array(width * height);
  const perByte = 8 / bitDepth;
  const mask = (1 << bitDepth) - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // The leftmost pixel of a byte is in its highest bits.
      const shift = 8 - bitDepth * ((x % perByte) + 1);
      labels[y * width + x] = (data[y * rowBytes + Math.floor(x / perByte)]! >> shift) & mask;
    }
  }
  return { width, height, labels };
}

/** The field of a struct array of one element. */
export function fieldOf(value: MatValue | undefined, field: string): MatValue | undefined {
  return value?.kind === 'structs' && value.structs.length === 1 ? value.structs[0]!.get(field) : undefined;
}

/** A matrix of whole numbers, by rows; those below `first` are void. */
function labelsOf(value: MatValue | undefined, variable: string, file: string, first = 0): LabelMap {
  const { width, height, values } = matrixOf(value, variable, file);
  const labels = new Uint8Array(width * height);
  for (const [pixel, label] of values.entries()) {
    const place = () => `row ${Math.floor(pixel / width)}, column ${pixel % width}`;
    if (!(Number.isInteger(label) && label >= 0 && label <= voidLabel)) {
      throw new DatasetCorrupt(
        file,
        `${variable} must be whole numbers from 0 to ${voidLabel}, in ${place()} it is ${label}`,
      );
    }
    labels[pixel] = label < first ? voidLabel : label === voidLabel ? voidLabel : label - first;
  }
  return { width, height, labels };
}

/** A variable that must be a matrix with at least one element, in reading order. Throws DatasetCorrupt. */
export function matrixOf(value: MatValue | undefined, variable: string, file: string) {
  if (value?.kind !== 'numbers' || value.dimensions.length !== 2 || value.values.length === 0) {
    const got =
      value === undefined ? 'is missing' : value.kind === 'numbers' ? `is [${value.dimensions}]` : `is ${value.kind}`;
    throw new DatasetCorrupt(file, `its variable ${variable} must be a matrix [height, width], and ${got}`);
  }
  const [height, width] = value.dimensions as [number, number];
  const values = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    // Matlab's order: by columns.
    for (let x = 0; x < width; x++) values[y * width + x] = value.values[x * height + y]!;
  }
  return { width, height, values };
}

/** Lines of whole numbers between blanks, all of the same length. Empty lines at the end are passed over. */
function decodeRegions(text: string, file: string): LabelMap {
  const lines = text.trimEnd().split(/\r?\n/);
  const first = lines[0]!.trim();
  if (first === '') throw new DatasetCorrupt(file, 'its first line must be a row of labels, and is empty');
  const width = first.split(/\s+/).length;
  const labels = new Uint8Array(width * lines.length);
  for (const [row, line] of lines.entries()) {
    const fields = line.trim() === '' ? [] : line.trim().split(/\s+/);
    if (fields.length !== width) {
      throw new DatasetCorrupt(file, `line ${row + 1} has ${fields.length} labels, line 1 has ${width}`);
    }
    for (const [column, field] of fields.entries()) {
      if (!/^-?\d{1,3}$/.test(field) || Number(field) > voidLabel) {
        throw new DatasetCorrupt(
          file,
          `line ${row + 1}: labels must be whole numbers up to ${voidLabel}, '${field.slice(0, 20)}' is none`,
        );
      }
      labels[row * width + column] = Number(field) < 0 ? voidLabel : Number(field);
    }
  }
  return { width, height: lines.length, labels };
}

function notAClass(label: number, row: number, column: number, classes: number, file: string): DatasetCorrupt {
  return new DatasetCorrupt(
    file,
    `its labels must be 0 to ${classes - 1}, or void; in row ${row}, column ${column} it is ${label}`,
  );
}
