import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { denseCrf } from '../../lib/random-walk/rivals/dense-crf.ts';
import { domainTransformFilter } from '../../lib/random-walk/rivals/domain-transform.ts';
import { InvalidRefinement } from '../../lib/random-walk/rivals/errors.ts';
import { PermutohedralLattice } from '../../lib/random-walk/rivals/permutohedral-lattice.ts';
import { type Refinement, unrefined } from '../../lib/random-walk/rivals/refinement.ts';

/** By pydensecrf, and by scipy's banded solver (test/golden/refinement-rivals.py). */
const golden = JSON.parse(readFileSync(new URL('../golden/refinement-rivals.json', import.meta.url), 'utf8')) as Golden;
interface Golden {
  readonly width: number;
  readonly height: number;
  readonly classes: number;
  readonly rgb: string;
  readonly probabilities: string;
  readonly denseCrf: readonly {
    readonly iterations: number;
    readonly gaussian: readonly [number, number] | null;
    readonly bilateral: readonly [number, number, number] | null;
    readonly probabilities: string;
  }[];
  readonly domainTransform: readonly {
    readonly spatialScale: number;
    readonly rangeScale: number;
    readonly iterations: number;
    readonly probabilities: string;
  }[];
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'));
const floats = (text: string) => new Float32Array(bytes(text).buffer);
const { width, height, classes } = golden;
const picture = { width, height, data: bytes(golden.rgb) };
const map = { width, height, classes, data: floats(golden.probabilities) };

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
}

describe('dense CRF', () => {
  // A kernel that is left out has a weight of next to nothing.
  const refinementOf = ({ iterations, gaussian, bilateral }: Golden['denseCrf'][number]) =>
    denseCrf({
      iterations,
      gaussian: { positionScale: gaussian?.[0] ?? 1, compatibility: gaussian?.[1] ?? 1e-12 },
      bilateral: {
        positionScale: bilateral?.[0] ?? 1,
        colourScale: bilateral?.[1] ?? 100,
        compatibility: bilateral?.[2] ?? 1e-12,
      },
    });

  test.each(golden.denseCrf.map((expected, index) => [index, expected] as const))(
    'gives pydensecrf’s marginals, case %i',
    (_, expected) => {
      const { data } = refinementOf(expected)(picture, map);
      expect(largestDifference(data, floats(expected.probabilities))).toBeLessThan(1e-4);
    },
  );

  test('has DeepLab’s parameters by default', () => {
    const expected = golden.denseCrf.find(({ iterations }) => iterations === 10)!;
    expect(largestDifference(denseCrf()(picture, map).data, floats(expected.probabilities))).toBeLessThan(1e-4);
  });

  test('takes a class of probability 0 as one of 1e-5, and stays finite', () => {
    const certain = { ...map, data: new Float32Array(map.data.length) };
    for (let pixel = 0; pixel < width * height; pixel++) certain.data[pixel * classes + (pixel % 2)] = 1;
    const { data } = denseCrf()(picture, certain);
    expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
  });
});

describe('permutohedral lattice', () => {
  const points = 300;
  const features = (dimensions: number) =>
    Float32Array.from({ length: points * dimensions }, (_, at) => 2 * Math.sin(at * 12.9898 + 78.233 * (at % 7)));

  test.each([1, 2, 5])('filters by a Gaussian in %i dimensions, up to a factor', (dimensions) => {
    const at = features(dimensions);
    const values = Float32Array.from({ length: 2 * points }, (_, index) => (index % 2 === 0 ? 1 : (index % 14) / 14));
    const filtered = new PermutohedralLattice(at, dimensions).filter(values, 2);
    for (let i = 0; i < points; i++) {
      let [sum, weighted] = [0, 0];
      for (let j = 0; j < points; j++) {
        let square = 0;
        for (let axis = 0; axis < dimensions; axis++)
          square += (at[i * dimensions + axis]! - at[j * dimensions + axis]!) ** 2;
        sum += Math.exp(-square / 2) * values[2 * j]!;
        weighted += Math.exp(-square / 2) * values[2 * j + 1]!;
      }
      // It approximates: pydensecrf's is the same, above.
      expect(Math.abs(filtered[2 * i + 1]! / filtered[2 * i]! - weighted / sum)).toBeLessThan(0.05);
    }
  });

  test('keeps its places through growth: 20,000 points far apart each meet themselves alone', () => {
    const far = Float32Array.from({ length: 20_000 }, (_, index) => 20 * index);
    const alone = new PermutohedralLattice(far, 1).filter(new Float32Array(20_000).fill(1), 1);
    const values = Float32Array.from({ length: 20_000 }, (_, index) => index);
    const filtered = new PermutohedralLattice(far, 1).filter(values, 1);
    for (let index = 0; index < 20_000; index++) expect(filtered[index]! / alone[index]!).toBeCloseTo(index, 1);
  });
});

describe('domain transform', () => {
  test.each(golden.domainTransform.map((expected, index) => [index, expected] as const))(
    'gives what banded solves give, case %i',
    (_, { probabilities: expected, ...options }) => {
      const { data } = domainTransformFilter(options)(picture, map);
      expect(largestDifference(data, floats(expected))).toBeLessThan(2e-5);
    },
  );

  test('smooths within a region and not across an edge', () => {
    const twoSides = { width: 8, height: 1, data: Uint8Array.from({ length: 24 }, (_, at) => (at < 12 ? 0 : 255)) };
    const filter = (...first: number[]) =>
      domainTransformFilter()(twoSides, {
        width: 8,
        height: 1,
        classes: 2,
        data: Float32Array.from(first.flatMap((value) => [value, 1 - value])),
      }).data.filter((_, at) => at % 2 === 0);
    const filtered = filter(0.9, 0.5, 0.9, 0.5, 0.1, 0.5, 0.1, 0.5);
    for (const side of [filtered.subarray(0, 4), filtered.subarray(4)]) {
      expect(Math.max(...side) - Math.min(...side)).toBeLessThan(0.02);
    }
    // What is beyond the edge does not matter: aᵈ is 5e-6 there.
    const other = filter(0.9, 0.5, 0.9, 0.5, 1, 1, 0, 1);
    for (let pixel = 0; pixel < 4; pixel++) expect(other[pixel]).toBeCloseTo(filtered[pixel]!, 4);
  });
});

const refinements: readonly [string, Refinement][] = [
  ['none', unrefined],
  ['dense CRF', denseCrf({ iterations: 2 })],
  ['domain transform', domainTransformFilter()],
];

describe.each(refinements)('refinement by %s', (_, refine) => {
  test('leaves its input alone, and every pixel’s probabilities sum to one', () => {
    const before = map.data.slice();
    const { data } = refine(picture, map);
    expect(map.data).toEqual(before);
    for (let first = 0; first < data.length; first += classes) {
      const sum = data.subarray(first, first + classes).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  test('refuses another size, NaN and scores', () => {
    expect(() => refine({ ...picture, width: height, height: width }, map)).toThrow(
      /size of their picture, 20 × 28, and have 28 × 20/,
    );
    expect(() => refine(picture, { ...map, classes: 3 })).toThrow(/\[height, width, classes\] = \[20, 28, 3\]/);
    const wrong = map.data.slice();
    wrong[(width + 2) * classes + 1] = Number.NaN;
    expect(() => refine(picture, { ...map, data: wrong })).toThrow(/row 1, column 2, class 1 it is NaN/);
    wrong[(width + 2) * classes + 1] = -3;
    expect(() => refine(picture, { ...map, data: wrong })).toThrow(/must go through softmax first/);
  });

  test('takes an image of one row', () => {
    const row = { width, height: 1, data: picture.data.subarray(0, 3 * width) };
    const one = { width, height: 1, classes, data: map.data.subarray(0, width * classes) };
    expect(refine(row, one).data.every((value) => value >= 0 && value <= 1)).toBe(true);
  });
});

test('pictures of 16 bits, of floats, and with alpha are the same as of 8 bits', () => {
  const expected = domainTransformFilter()(picture, map).data;
  const pixels = width * height;
  const alpha = Uint8Array.from({ length: 4 * pixels }, (_, at) =>
    at % 4 === 3 ? 7 : picture.data[3 * Math.floor(at / 4) + (at % 4)]!,
  );
  for (const data of [
    Uint16Array.from(picture.data, (value) => 257 * value),
    Float32Array.from(picture.data, (value) => value / 255),
    alpha,
  ]) {
    const refined = domainTransformFilter()({ width, height, data }, map).data;
    expect(largestDifference(refined, expected)).toBeLessThan(1e-5);
  }
  const grey = new Uint8Array(pixels).fill(9);
  const flat = domainTransformFilter()({ width, height, data: grey }, map).data;
  expect(flat).toEqual(domainTransformFilter()({ width, height, data: new Uint8Array(3 * pixels) }, map).data);
  expect(() => denseCrf()({ width, height, data: new Uint8Array(5 * pixels) }, map)).toThrow(/1 to 4 values a pixel/);
  const infinite = new Float32Array(pixels).fill(Number.POSITIVE_INFINITY);
  expect(() => denseCrf()({ width, height, data: infinite }, map)).toThrow(/must be finite; in row 0, column 0/);
});

test('parameters out of their range are refused by their name', () => {
  expect(() => denseCrf({ gaussian: { positionScale: 0, compatibility: 3 } })).toThrow(
    /gaussian\.positionScale must be/,
  );
  expect(() => denseCrf({ iterations: 1.5 })).toThrow(InvalidRefinement);
  expect(() => domainTransformFilter({ rangeScale: Number.NaN })).toThrow(/rangeScale must be more than 0, got NaN/);
  expect(() => domainTransformFilter({ iterations: 0 })).toThrow(InvalidRefinement);
});
