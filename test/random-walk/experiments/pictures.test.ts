import { describe, expect, test } from 'vitest';
import { voidLabel } from '../../../lib/datasets/label-map.ts';
import { randomStream } from '../../../lib/numerics/random.ts';
import {
  affinitiesAround,
  drawAffinities,
  pixelsAtBoundaries,
} from '../../../lib/random-walk/experiments/affinity-maps.ts';
import { classColour, hexColour, voidColour } from '../../../lib/random-walk/experiments/class-colours.ts';
import { arrangePanels, enlargePicture, paintLabels } from '../../../lib/random-walk/experiments/picture-panels.ts';
import { createNeighbourhood, forEachPair } from '../../../lib/random-walk/neighbourhood.ts';
import { pixelAffinities } from '../../../lib/random-walk/reference/affinity.ts';

const pixelsOf = ({ rgba }: { readonly rgba: string }) => new Uint8Array(Buffer.from(rgba, 'base64'));

describe('colours of classes', () => {
  test('differ between all of SIFT Flow’s 33 classes and void', () => {
    const colours = [...Array.from({ length: 33 }, (_, label) => classColour(label)), voidColour];
    for (const [index, colour] of colours.entries()) {
      for (const other of colours.slice(0, index)) {
        expect(Math.hypot(...colour.map((value, channel) => value - other[channel]!))).toBeGreaterThan(20);
      }
    }
    expect(classColour(voidLabel)).toEqual(voidColour);
  });

  test('are those of HSL, and written as web pages do', () => {
    // Hue 210°, saturation 0.9, lightness 0.4, by hand: 0.4 − 0.36, 0.4 and 0.4 + 0.36 of 255.
    expect(classColour(0)).toEqual([10, 102, 194]);
    expect(hexColour([0, 10, 255])).toBe('#000aff');
  });
});

describe('panels', () => {
  const red = { width: 1, height: 1, rgb: Uint8Array.of(255, 0, 0) };

  test('stand beside and below each other with transparent gaps', () => {
    const arranged = arrangePanels('x', [[red, red], [enlargePicture(red, 2)]]);
    expect([arranged.width, arranged.height]).toEqual([6, 7]);
    const opaque = [...pixelsOf(arranged).keys()].filter((at) => at % 4 === 3 && pixelsOf(arranged)[at] === 255);
    expect(opaque.map((at) => Math.floor(at / 4))).toEqual([0, 5, 30, 31, 36, 37]);
    expect([...pixelsOf(arranged).subarray(20, 24)]).toEqual([255, 0, 0, 255]);
  });

  test('an enlarged pixel is a square of its colour', () => {
    const two = { width: 2, height: 1, rgb: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect([...enlargePicture(two, 2).rgb]).toEqual([
      1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6,
    ]);
    expect([...paintLabels({ width: 2, height: 1, labels: Uint8Array.of(3, voidLabel) }).rgb]).toEqual([
      ...classColour(3),
      ...voidColour,
    ]);
  });
});

describe('affinities to look at', () => {
  const [height, width, channels, radius] = [7, 9, 5, 2];
  const random = randomStream(0, 'affinity map');
  const features = Float32Array.from({ length: height * width * channels }, () => random.uniform());
  const weights = Float64Array.from({ length: channels }, () => random.normal());
  const segmented = { height, width, channels, features, classes: 2, scores: new Float32Array(2 * height * width) };
  const labels = Uint8Array.from({ length: height * width }, (_, pixel) => (pixel % width < 4 ? 0 : 1));
  const picture = { name: 'p', width, height, labels, rgb: new Uint8Array(3 * labels.length).fill(90) };

  test('are the reference’s, in all directions', () => {
    const grid = { height, width, neighbourhood: createNeighbourhood(radius) };
    const affinities = pixelAffinities(grid, features, weights);
    const pixel = 3 * width + 4;
    const expected = new Float64Array(25).fill(Number.NaN);
    expected[12] = 1;
    const offsets = grid.neighbourhood.offsets;
    forEachPair(grid, (i, j, place) => {
      const { rows, columns } = offsets[place]!;
      const value = affinities[i * offsets.length + place]!;
      if (i === pixel) expected[12 + 5 * rows + columns] = value;
      if (j === pixel) expected[12 - 5 * rows - columns] = value;
    });
    const around = affinitiesAround(segmented, weights, radius, pixel);
    expect(expected.filter(Number.isFinite)).toHaveLength(13);
    for (const [place, value] of around.entries()) {
      if (Number.isNaN(expected[place])) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(expected[place]!, 6);
    }
  });

  test('beyond the picture there are none', () => {
    const corner = affinitiesAround(segmented, weights, radius, 0);
    expect(corner.filter(Number.isFinite)).toHaveLength(6);
    expect(corner[12]).toBe(1);
  });

  test('are of pixels at boundaries, spread over them, whose neighbourhood is whole', () => {
    expect(pixelsAtBoundaries(picture, radius, 99)).toEqual(
      [2, 3, 4].flatMap((row) => [row * width + 3, row * width + 4]),
    );
    expect(pixelsAtBoundaries(picture, radius, 2)).toEqual([2 * width + 4, 4 * width + 3]);
    expect(pixelsAtBoundaries({ ...picture, labels: new Uint8Array(labels.length) }, radius, 2)).toEqual([]);
  });

  test('stand under the picture and its labels, white for 1', () => {
    const drawn = drawAffinities('a', picture, segmented, weights, radius, 2)!;
    expect([drawn.width, drawn.height]).toEqual([2 * 45 + 4, 3 * 45 + 8]);
    const at = (x: number, y: number) => [
      ...pixelsOf(drawn).subarray(4 * (y * drawn.width + x), 4 * (y * drawn.width + x) + 3),
    ];
    const middle = 22;
    expect(at(middle, middle)).toEqual([90, 90, 90]);
    expect(at(middle, 49 + middle)).toEqual([...classColour(1)]);
    expect(at(middle, 98 + middle)).toEqual([255, 255, 255]);
    const flat = { ...picture, labels: new Uint8Array(labels.length) };
    expect(drawAffinities('a', flat, segmented, weights, radius, 2)).toBeUndefined();
  });
});
