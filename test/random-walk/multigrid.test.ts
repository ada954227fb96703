import { describe, expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { selectClasses } from '../../lib/random-walk/active-classes.ts';
import { converge, createWalk } from '../../lib/random-walk/converge.ts';
import { clipNeighbourhood, createNeighbourhood, forEachPair } from '../../lib/random-walk/neighbourhood.ts';
import { refine } from '../../lib/random-walk/refine.ts';

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);

/** Three objects with noise, and probabilities of blobs that know little of them. */
function scene(height: number, width: number, classes = 3) {
  const data = new Float32Array(3 * height * width);
  const noise = randomStream(3, 'scene');
  const f = new Float32Array(height * width * classes);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const object = column < width / 3 ? 0 : row < height / 2 ? 1 : 2;
    for (let k = 0; k < 3; k++) data[3 * pixel + k] = (object === k ? 0.7 : 0.3) + 0.05 * noise.normal();
    for (let k = 0; k < classes; k++) {
      const isLabel = k === (Math.floor(column / 8) + Math.floor(row / 8)) % classes;
      f[pixel * classes + k] = isLabel ? 0.8 : 0.2 / (classes - 1);
    }
  }
  return { data, f };
}

function walkOf(height: number, width: number, weight: number, { data, f } = scene(height, width)) {
  const neighbourhood = clipNeighbourhood(createNeighbourhood(5), height, width);
  const walk = createWalk({ height, width, neighbourhood, classes: 3, channels: 3 }, 'multigrid');
  walk.features.set(data);
  walk.weights.fill(weight);
  const largestDegree = walk.computeAffinities();
  walk.values[0]!.set(f);
  return { walk, largestDegree };
}

/** (I − αA)⁻¹ (1 − α) f by elimination in float64, from the affinities that the kernel has. */
function directSolution({ walk }: ReturnType<typeof walkOf>, diffusion: number): Float64Array {
  const n = walk.pixels;
  const matrix = Array.from({ length: n }, () => new Float64Array(n));
  const places = walk.neighbourhood.offsets.length;
  for (let i = 0; i < n; i++) matrix[i]![i] = 1;
  forEachPair(walk.grid, (i, j, place) => {
    matrix[i]![j] = matrix[j]![i] = walk.affinities[i * places + place]!;
  });
  const y = Float64Array.from(walk.values[0]!, (value) => (1 - diffusion) * value);
  for (const [i, row] of matrix.entries()) {
    const degree = row.reduce((sum, value) => sum + value, 0);
    for (let j = 0; j < n; j++) row[j] = (i === j ? 1 : 0) - (diffusion * row[j]!) / degree;
  }
  // Rows are diagonally dominant: no pivoting.
  for (let pivot = 0; pivot < n; pivot++) {
    for (let i = 0; i < n; i++) {
      const factor = matrix[i]![pivot]! / matrix[pivot]![pivot]!;
      if (i === pivot || factor === 0) continue;
      for (let j = pivot; j < n; j++) matrix[i]![j]! -= factor * matrix[pivot]![j]!;
      for (let k = 0; k < 3; k++) y[3 * i + k]! -= factor * y[3 * pivot + k]!;
    }
  }
  return y.map((value, index) => value / matrix[Math.floor(index / 3)]![Math.floor(index / 3)]!);
}

describe.each([
  ['of an odd size', 17, 23, -15],
  ['of one colour', 16, 18, 0],
  ['with affinities near zero', 16, 18, -300],
  ['of one row', 1, 200, -15],
  ['of one column', 200, 1, -15],
  ['of one pixel', 1, 1, -15],
] as const)('an image %s', (_, height, width, weight) => {
  test.each([0, 0.5, 0.99, 0.999])('α = %d: within its bound of the direct solution', (diffusion) => {
    const problem = walkOf(height, width, weight);
    const expected = directSolution(problem, diffusion);
    const tolerance = diffusion === 0.999 ? 5e-3 : 1e-3;
    const { y, errorBound } = converge(problem.walk, problem.largestDegree, {
      diffusion,
      tolerance,
      solver: 'multigrid',
    });
    expect(errorBound).toBeLessThanOrEqual(tolerance);
    expect(farthest(y, expected)).toBeLessThanOrEqual(errorBound);
  });

  test('to labels: within the bound that it states', () => {
    const problem = walkOf(height, width, weight);
    const expected = directSolution(problem, 0.99);
    const settings = { diffusion: 0.99, solver: 'multigrid', accuracy: 'labels' } as const;
    const { y, errorBound } = converge(problem.walk, problem.largestDegree, settings);
    expect(farthest(y, expected)).toBeLessThanOrEqual(errorBound);
  });
});

test('takes a fraction of Chebyshev’s steps, to labels fewer, and gets them right', () => {
  const [height, width, classes] = [90, 120, 3];
  const { data, f } = scene(height, width);
  const by = (options: object) =>
    refine({ height, width, data }, { height, width, classes, data: f }, { alpha: 0.99, ...options });
  const [values, labels] = [by({}), by({ accuracy: 'labels' })];
  const chebyshev = by({ solver: 'chebyshev' });
  expect(values.steps).toBeLessThan(chebyshev.steps / 3);
  expect(labels.steps).toBeLessThan(values.steps);
  expect(farthest(values.data, chebyshev.data)).toBeLessThan(2e-3);
  const labelOf = (rows: Float32Array, pixel: number) => {
    const row = [...rows.subarray(classes * pixel, classes * (pixel + 1))];
    return row.indexOf(Math.max(...row));
  };
  let wrong = 0;
  for (let pixel = 0; pixel < height * width; pixel++) {
    if (labelOf(labels.data, pixel) !== labelOf(chebyshev.data, pixel)) wrong++;
  }
  expect(wrong / (height * width)).toBeLessThanOrEqual(1e-3);
});

test('refuses a walk that was not made for it', () => {
  const neighbourhood = createNeighbourhood(1);
  const walk = createWalk({ height: 4, width: 4, neighbourhood, classes: 2, channels: 1 }, 'chebyshev');
  const degree = walk.computeAffinities();
  expect(() => converge(walk, degree, { diffusion: 0.9, solver: 'multigrid' })).toThrow(
    'needs a walk that `createWalk` made',
  );
});

describe('classes that need no walk', () => {
  // Class 2 is nearly constant; class 1 is likely nowhere.
  const probabilities = Float32Array.of(0.9, 0.09, 0.01, 0.69, 0.2995, 0.0105, 0.72, 0.27, 0.01);

  test('to values: those that hardly vary, their error stated', () => {
    const { active, error, middles } = selectClasses(probabilities, 3, 'values', 1e-3);
    expect(active).toEqual([0, 1]);
    expect(error).toBeCloseTo(5e-4, 6);
    expect(middles[2]).toBeCloseTo(0.01025, 6);
    expect(selectClasses(probabilities, 3, 'values', 1e-4).active).toEqual([0, 1, 2]);
    expect(selectClasses(probabilities, 3, 'values', -1).active).toEqual([0, 1, 2]);
  });

  test('to labels: those that can be most probable nowhere; one always stays', () => {
    expect(selectClasses(probabilities, 3, 'labels', 0).active).toEqual([0]);
    expect(selectClasses(Float32Array.of(0.6, 0.4, 0.4, 0.6), 2, 'labels', 0).active).toEqual([0, 1]);
  });

  test('refine keeps within its bound of what all classes give', () => {
    const [height, width, classes] = [18, 20, 4];
    const { data, f } = scene(height, width);
    const wider = new Float32Array(height * width * classes);
    for (let pixel = 0; pixel < height * width; pixel++) {
      for (let k = 0; k < 3; k++) wider[classes * pixel + k] = 0.99 * f[3 * pixel + k]!;
      wider[classes * pixel + 3] = 0.01;
    }
    const three = refine({ height, width, data }, { height, width, classes: 3, data: f }, { tolerance: 1e-4 });
    const four = refine({ height, width, data }, { height, width, classes, data: wider });
    for (let pixel = 0; pixel < height * width; pixel++) {
      expect(four.data[classes * pixel + 3]).toBeCloseTo(0.01, 4);
      expect(Math.abs(four.data[classes * pixel]! - 0.99 * three.data[3 * pixel]!)).toBeLessThan(1.2e-3);
    }
  });
});
