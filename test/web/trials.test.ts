import { describe, expect, it } from 'vitest';
import { centreDigit } from '../../web/trials/digit-image.ts';
import { makeProbabilities } from '../../web/trials/made-probabilities.ts';
import { cosineSimilarities } from '../../web/trials/similarity.ts';

describe('centreDigit', () => {
  it('brings a bar in a corner to the centre, 20 points high', () => {
    const side = 100;
    const ink = new Float32Array(side * side);
    for (let y = 0; y < 40; y++) for (let x = 0; x < 8; x++) ink[y * side + x] = 1;
    const pixels = centreDigit(ink, side, side);
    const filled = pixels.flatMap((value, index) => (value > 0 ? [index] : []));
    expect(filled).toHaveLength(20 * 4);
    expect([filled[0], filled.at(-1)]).toEqual([4 * 28 + 12, 23 * 28 + 15]);
  });

  it('leaves an empty picture empty', () => {
    expect(centreDigit(new Float32Array(100), 10, 10)).toEqual(new Array(784).fill(0));
  });
});

describe('makeProbabilities', () => {
  it('groups by colour, and sums to one in every pixel', () => {
    const colours = [255, 0, 0, 255, 250, 5, 0, 255, 0, 0, 255, 255, 5, 0, 250, 255];
    const { values, classes } = makeProbabilities(colours, 2, 2, 2);
    const labels = [0, 1, 2, 3].map((pixel) => {
      const own = values.slice(pixel * classes, (pixel + 1) * classes);
      expect(own[0]! + own[1]!).toBeCloseTo(1, 12);
      return own.indexOf(Math.max(...own));
    });
    expect(labels[0]).toBe(labels[1]);
    expect(labels[2]).toBe(labels[3]);
    expect(labels[0]).not.toBe(labels[2]);
  });
});

describe('cosineSimilarities', () => {
  it('are 1, 0 and −1 for the same, a right and the opposite direction; 0 where there is none', () => {
    const matrix = cosineSimilarities([
      [2, 0],
      [0, 3],
      [-1, 0],
      [0, 0],
    ]);
    expect(matrix[0]).toEqual([1, 0, -1, 0]);
  });
});
