import { expect, test } from 'vitest';
import { drawBatch, type Emoji } from '../../cli/stand-ins/cifar-10.ts';
import { countRecords } from '../../lib/datasets/cifar-10.ts';

const kinds = [
  ['Smileys & Emotion', 'face-smiling'],
  ['Smileys & Emotion', 'heart'],
  ['People & Body', 'hand-fingers-open'],
  ['People & Body', 'person'],
  ['Animals & Nature', 'animal-bird'],
  ['Food & Drink', 'food-fruit'],
  ['Travel & Places', 'transport-air'],
  ['Activities', 'sport'],
  ['Objects', 'tool'],
  ['Symbols', 'arrow'],
  ['Flags', 'flag'],
] as const;

/** Five pictures of each kind, side by side: 20 × 20 opaque pixels of red = kind and green = picture amid nothing. */
const width = 34 * 5;
const rgba = new Uint8Array(4 * width * 34 * kinds.length);
const emoji: Emoji[] = kinds.flatMap(([category, subcategory], kind) =>
  [0, 1, 2, 3, 4].map((picture) => {
    for (let row = 7; row < 27; row++) {
      for (let column = 7; column < 27; column++) {
        rgba.set([kind, picture, 0, 255], 4 * ((kind * 34 + row) * width + picture * 34 + column));
      }
    }
    return { category, subcategory, sheet_x: picture, sheet_y: kind };
  }),
);
const sheet = { width, height: 34 * kinds.length, rgba };

test('a record’s label is its picture’s category; no picture is in both splits; the ground is one colour', () => {
  for (const [name, pictures] of [
    ['data_batch_1.bin', [0, 1, 2, 3]],
    ['test_batch.bin', [4]],
  ] as const) {
    const bytes = drawBatch(sheet, emoji, name, 200);
    expect(countRecords(bytes, name)).toBe(200);
    const seen = new Set<number>();
    const shifts = new Set<number>();
    for (let record = 0; record < 200; record++) {
      const [label, ...planes] = bytes.subarray(record * 3073, (record + 1) * 3073);
      const middle = 16 * 32 + 16;
      expect([label, planes[middle], planes[2048 + middle]]).toEqual([record % 10, record % 10, 0]);
      seen.add(planes[1024 + middle]!);
      // A picture's 20 × 20 pixels are moved by at most three: the border is always ground.
      const ground = [0, 1, 2].map((plane) => planes[1024 * plane]);
      expect([0, 1, 2].map((plane) => planes[1024 * plane + 1023])).toEqual(ground);
      shifts.add(planes.slice(0, 1024).findIndex((value) => value !== ground[0]));
    }
    expect([...seen].sort()).toEqual(pictures);
    expect(shifts.size).toBeGreaterThan(20);
    expect(drawBatch(sheet, emoji, name, 200)).toEqual(bytes);
  }
});
