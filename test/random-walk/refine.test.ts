import { describe, expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { type Solver, solverArrays } from '../../lib/random-walk/converge.ts';
import { createNeighbourhood } from '../../lib/random-walk/neighbourhood.ts';
import { pixelAffinities } from '../../lib/random-walk/reference/affinity.ts';
import { walkSteps } from '../../lib/random-walk/reference/walk.ts';
import { type ClassProbabilities, type Picture, type RefineOptions, refine } from '../../lib/random-walk/refine.ts';

const size = { height: 9, width: 12 };
const pixels = 9 * 12;

/** Dark on the left of column 5, bright from there. */
function twoHalves(): Uint8Array {
  return Uint8Array.from({ length: 3 * pixels }, (_, index) => (Math.floor(index / 3) % 12 < 5 ? 40 : 200));
}

/** Class 1 with a probability of 0.8 from so many columns on, 0.2 before. */
function split(column: number, classes = 2): ClassProbabilities {
  const data = new Float32Array(pixels * classes);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const share = pixel % 12 < column ? 0.2 : 0.8;
    data[pixel * classes] = 1 - share;
    data[pixel * classes + 1] = share;
  }
  return { ...size, classes, data };
}

const sumsOf = ({ data, classes }: ClassProbabilities) =>
  Array.from({ length: data.length / classes }, (_, pixel) =>
    data.subarray(pixel * classes, (pixel + 1) * classes).reduce((sum, value) => sum + value, 0),
  );
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);

test('a segment that ends two columns too late gets the edge of its picture', () => {
  const refined = refine({ ...size, data: twoHalves() }, split(7));
  const labels = Array.from({ length: pixels }, (_, pixel) => (refined.data[2 * pixel + 1]! > 0.5 ? 1 : 0));
  expect(labels).toEqual(Array.from({ length: pixels }, (_, pixel) => (pixel % 12 < 5 ? 0 : 1)));
  expect(farthest(sumsOf(refined), new Array(pixels).fill(1))).toBeLessThan(1e-6);
});

test('is the walk to convergence of Eq. 1, in float64', () => {
  const data = new Float32Array(3 * pixels);
  randomStream(4, 'picture').fillUniform(data, 0, 1);
  const f = split(4, 3);
  const { errorBound, ...refined } = refine({ ...size, data }, f, { alpha: 0.05, alphaWeighs: 'segmentation' });
  const grid = { ...size, neighbourhood: createNeighbourhood(5) };
  const affinities = pixelAffinities(grid, data, [-15, -15, -15]);
  const expected = walkSteps(grid, affinities, f.data, 3, { diffusion: 0.95, steps: 400 });
  expect(errorBound).toBeLessThanOrEqual(1e-3);
  expect(farthest(refined.data, expected)).toBeLessThan(1e-3);
});

test('grey, grey with alpha, RGB and RGBA, of 8 bits, 16 bits and floats, mean the same', () => {
  const rgb = twoHalves();
  const at = (pixel: number) => rgb[3 * pixel]!;
  const pictureOf = (values: (pixel: number) => readonly number[]) =>
    Array.from({ length: pixels }, (_, pixel) => values(pixel)).flat();
  const expected = refine({ ...size, data: rgb }, split(7)).data;
  const same: readonly Picture['data'][] = [
    Uint8ClampedArray.from(pictureOf((pixel) => [at(pixel), at(pixel), at(pixel), pixel % 256])),
    Uint8Array.from(pictureOf((pixel) => [at(pixel)])),
    Uint8Array.from(pictureOf((pixel) => [at(pixel), pixel % 256])),
    Uint16Array.from(rgb, (value) => 257 * value),
    Float32Array.from(rgb, (value) => value / 255),
  ];
  for (const data of same) expect(farthest(refine({ ...size, data }, split(7)).data, expected)).toBeLessThan(1e-5);
});

describe('finite results', () => {
  const noise = (count: number) => {
    const data = new Float32Array(count);
    randomStream(9, 'noise').fillUniform(data, 0, 1);
    return data;
  };
  const uneven = (height: number, width: number): ClassProbabilities => {
    const data = Float32Array.from({ length: 2 * height * width }, (_, index) => (index % 2 === 0 ? 0.3 : 0.7));
    data.set([0.9, 0.1]);
    return { height, width, classes: 2, data };
  };
  const rows: readonly [string, Picture, RefineOptions][] = [
    ['of one row', { height: 1, width: 7, data: noise(21) }, {}],
    ['of one column', { height: 7, width: 1, data: noise(21) }, {}],
    ['of one pixel', { height: 1, width: 1, data: noise(3) }, {}],
    ['smaller than the radius', { height: 3, width: 4, data: noise(36) }, { radius: 255, neighbourhood: 'square' }],
    ['of one colour', { height: 5, width: 6, data: new Uint8Array(90).fill(7) }, {}],
    ['whose affinities underflow', { height: 5, width: 6, data: noise(90) }, { affinityWeights: -1e6 }],
    ['with weights above zero', { height: 5, width: 6, data: noise(90) }, { affinityWeights: [2, 3, 1] }],
    ['at α = 0.99', { height: 5, width: 6, data: noise(90) }, { alpha: 0.99 }],
    ['too small for a smaller walk', { height: 5, width: 6, data: noise(90) }, { start: 'smaller-walk' }],
  ];
  test.each(rows)('for a picture %s, by every solver', (_, picture, options) => {
    const f = uneven(picture.height, picture.width);
    for (const solver of Object.keys(solverArrays) as Solver[]) {
      const refined = refine(picture, f, { ...options, solver });
      expect(farthest(sumsOf(refined), new Array(picture.height * picture.width).fill(1)), solver).toBeLessThan(1e-6);
      expect(Math.min(...refined.data), solver).toBeGreaterThanOrEqual(0.1 - 1e-6);
      expect(Math.max(...refined.data), solver).toBeLessThanOrEqual(0.9 + 1e-6);
    }
  });

  test('sums to one where probabilities do so only nearly, as a softmax of few digits', () => {
    const f = split(7);
    const picture = { ...size, data: twoHalves() };
    const expected = refine(picture, f).data;
    for (const factor of [0.9915, 1.0085]) {
      const refined = refine(picture, { ...f, data: f.data.map((value) => factor * value) });
      expect(farthest(sumsOf(refined), new Array(pixels).fill(1))).toBeLessThan(1e-6);
      expect(farthest(refined.data, expected)).toBeLessThan(2e-3);
    }
    expect(() => refine(picture, { ...f, data: f.data.map((value) => 0.985 * value) })).toThrow('sum to one');
  });

  test('a constant picture averages; affinities that underflow leave every pixel as it was', () => {
    const f = uneven(5, 6);
    const flat = refine({ height: 5, width: 6, data: new Uint8Array(30) }, f, { alpha: 0.99 });
    expect(flat.data[0]).toBeLessThan(0.35);
    const alone = refine({ height: 5, width: 6, data: noise(90) }, f, { affinityWeights: -1e6, alpha: 0.99 });
    expect(farthest(alone.data, f.data)).toBeLessThan(1e-3);
  });
});

test('a start from smaller walks leads to the same limit, by Chebyshev’s iteration in fewer steps', () => {
  const [height, width, classes] = [45, 70, 3];
  const data = new Float32Array(3 * height * width);
  const noise = randomStream(6, 'scene');
  const f = { height, width, classes, data: new Float32Array(height * width * classes) };
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const object = column < 30 ? 0 : row < 20 ? 1 : 2;
    for (let k = 0; k < 3; k++) data[3 * pixel + k] = (object === k ? 0.7 : 0.3) + 0.03 * noise.normal();
    // Blobs, as a network with a large stride puts out.
    const label = Math.floor(column / 16) % 3;
    f.data.set(
      [0, 1, 2].map((k) => (k === label ? 0.8 : 0.1)),
      pixel * 3,
    );
  }
  const options: RefineOptions = { alpha: 0.99, tolerance: 1e-3 };
  const plain = refine({ height, width, data }, f, options);
  for (const solver of ['chebyshev', 'conjugate-gradients', 'fixed-point'] as const) {
    const started = refine({ height, width, data }, f, { ...options, solver, start: 'smaller-walk' });
    expect(farthest(started.data, plain.data)).toBeLessThan(2e-3);
    expect(started.errorBound).toBeLessThanOrEqual(1e-3);
    const { steps } = refine({ height, width, data }, f, { ...options, solver });
    expect(started.steps / steps).toBeLessThanOrEqual(
      { chebyshev: 0.9, 'conjugate-gradients': 1, 'fixed-point': 0.98 }[solver],
    );
  }
  // Where affinities underflow, no pixel has any to a kept one, and begins with its own.
  const alone = refine({ height, width, data }, f, { ...options, affinityWeights: -1e6, start: 'smaller-walk' });
  expect(farthest(alone.data, f.data)).toBeLessThan(2e-3);
});

describe('refuses', () => {
  const picture = { ...size, data: twoHalves() };
  const changed = (index: number, value: number) => {
    const f = split(7);
    f.data[index] = value;
    return f;
  };
  const wrongPicture = (data: Picture['data']) => ({ ...size, data });
  const cases: readonly [string, Picture, ClassProbabilities, RefineOptions, string][] = [
    [
      'probabilities that do not sum to one',
      picture,
      changed(0, 0.5),
      {},
      'sum to one, got [0.5,0.20000000298023224] at row 0, column 0',
    ],
    [
      'a negative probability',
      picture,
      changed(2 * 13, -0.1),
      {},
      'at row 1, column 1. Put scores through a softmax first.',
    ],
    ['a NaN among probabilities', picture, changed(3, Number.NaN), {}, 'NaN] at row 0, column 1'],
    ['an infinite probability', picture, changed(3, Number.POSITIVE_INFINITY), {}, 'Infinity] at row 0, column 1'],
    [
      'another size than the picture',
      picture,
      { ...split(7), height: 12, width: 9 },
      {},
      'must have the size of their picture, 9 × 12, got 12 × 9',
    ],
    [
      'a number of values that is none of classes',
      picture,
      { ...split(7), classes: 3 },
      {},
      '9 × 12 × 3 values, got 216',
    ],
    [
      'a picture of five values a pixel',
      wrongPicture(new Uint8Array(5 * pixels)),
      split(7),
      {},
      'one to four values for each',
    ],
    ['an empty picture', { height: 0, width: 12, data: new Uint8Array(0) }, split(7), {}, 'got 0 values for 0 × 12'],
    [
      'a NaN in the picture',
      wrongPicture(new Float32Array(pixels).fill(Number.NaN, 14, 15)),
      split(7),
      {},
      'must be finite, got NaN at row 1, column 2',
    ],
    ['weights that overflow', picture, split(7), { affinityWeights: 400 }, 'must not make affinities overflow'],
    ['a weight too few', picture, split(7), { affinityWeights: [-1, -1] }, 'one for each of the 3 colours'],
    ['α of one', picture, split(7), { alpha: 1 }, 'alpha must be at least 0 and less than 1'],
    ['α that is no number', picture, split(7), { alpha: Number.NaN }, 'got NaN'],
    ['a weight that is no number', picture, split(7), { affinityWeights: Number.NaN }, 'got [NaN]'],
    ['an infinite weight', picture, split(7), { affinityWeights: [-1, -1, -Infinity] }, 'got [-1,-1,-Infinity]'],
    ['a weight beyond float32', picture, split(7), { affinityWeights: -1e39 }, 'got [-Infinity,-Infinity,-Infinity]'],
    ['a tolerance of none', picture, split(7), { tolerance: 0 }, 'float32 has no more digits'],
    ['a tolerance that is no number', picture, split(7), { tolerance: Number.NaN }, 'got NaN'],
    ['a solver without a name', picture, split(7), { solver: 'jacobi' as Solver }, "got 'jacobi'"],
    ['a start without a name', picture, split(7), { start: 'large' as never }, "got 'large'"],
    ['a shape without a name', picture, split(7), { neighbourhood: 'star' as never }, "got 'star'"],
    ['a radius that is no number', picture, split(7), { radius: Number.NaN }, 'got NaN'],
    ['a radius of a fraction', picture, split(7), { radius: 2.5 }, 'got 2.5'],
    ['a radius of none', picture, split(7), { radius: 0 }, 'The radius must be a whole number'],
  ];
  test.each(cases)('%s', (_, image, probabilities, options, message) => {
    expect(() => refine(image, probabilities, options)).toThrow(message);
  });

  test('an image that does not fit the memory, before it takes any', () => {
    const [height, width] = [4000, 4000];
    const large = { height, width, data: new Uint8Array(height * width) };
    const f = { height, width, classes: 1, data: new Float32Array(height * width).fill(1) };
    expect(() => refine(large, f)).toThrow('Use a smaller image, radius or number of classes.');
  });
});
