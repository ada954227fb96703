/**
 * A stand-in for CIFAR-10: the pictures of the Twemoji set (npm emoji-datasource-twitter, graphics CC BY 4.0), 32 × 32 pixels
 * in ten classes by their category, each on grounds of several colours and shifted by a few pixels, every fifth picture
 * kept for testing. It is much easier than photographs; what it shows is that everything works at full size.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordBytes, standInNote } from '../../lib/datasets/cifar-10.ts';
import { type RandomStream, randomStream } from '../../lib/numerics/random.ts';
import { readSheet, type Sheet } from './read-sheet.ts';
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

interface Emoji {
  readonly category: string;
  readonly subcategory: string;
  readonly sheet_x: number;
  readonly sheet_y: number;
}

/** The ten classes; skin tones and components are left out. */
function classOf({ category, subcategory }: Emoji): number {
  if (category === 'Smileys & Emotion') return subcategory.startsWith('face') ? 0 : 1;
  if (category === 'People & Body') return subcategory.startsWith('hand') || subcategory === 'body-parts' ? 2 : 3;
  return (
    (
      { 'Animals & Nature': 4, 'Food & Drink': 5, 'Travel & Places': 6, Activities: 7, Objects: 8, Symbols: 9 } as const
    )[category as 'Symbols'] ?? -1
  );
}

export const cifar10StandIn: StandIn = {
  dataset: 'cifar-10',
  megabytes: 62,
  async fetch(target, scratch) {
    const folder = await fetchNpmPackage(packageName, version, [sheetFile, 'emoji.json'], scratch);
    const sheet = readSheet(await readFile(join(folder, sheetFile)));
    const all: readonly Emoji[] = JSON.parse(await readFile(join(folder, 'emoji.json'), 'utf8'));
    const byClass = Array.from({ length: 10 }, (_, label) => all.filter((emoji) => classOf(emoji) === label));
    const random = randomStream(0, 'emoji');
    const names = [...[1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`), 'test_batch.bin'];
    for (const name of names) {
      const bytes = new Uint8Array(recordsPerFile * recordBytes);
      for (let record = 0; record < recordsPerFile; record++) {
        const label = record % 10;
        const own = byClass[label]!.filter((_, index) => (index % 5 === 4) === (name === 'test_batch.bin'));
        const emoji = own[random.uniformInteger(own.length)]!;
        bytes[record * recordBytes] = label;
        drawOnGround(sheet, emoji, random, bytes.subarray(record * recordBytes + 1, (record + 1) * recordBytes));
      }
      await writeFile(join(target, name), bytes);
    }
    const description = `Not CIFAR-10: pictures of the Twemoji set (npm ${packageName} ${version}) by category, on coloured grounds.`;
    await writeFile(join(target, standInNote), `${JSON.stringify({ description })}\n`);
    return description;
  },
};

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
