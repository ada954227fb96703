import { describe, expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { converge, createWalk, type Solver, solverArrays } from '../../lib/random-walk/converge.ts';
import { createNeighbourhood, forEachPair, type NeighbourhoodShape } from '../../lib/random-walk/neighbourhood.ts';
import { pixelAffinities } from '../../lib/random-walk/reference/affinity.ts';
import { walkStep, walkSteps } from '../../lib/random-walk/reference/walk.ts';
import { lowestEigenvalueOfConstantImage, lowestPossibleEigenvalue } from '../../lib/random-walk/spectrum.ts';
import golden from '../golden/random-walk.json' with { type: 'json' };

const solvers = Object.keys(solverArrays) as Solver[];
const builds = ['wasm-relaxed', 'wasm-plain'] as const;
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);

const image = { height: 13, width: 18, neighbourhood: createNeighbourhood(3), channels: 3, classes: 5 };

/** A picture of two halves with noise, and probabilities of noise. */
function setUp(solver: Solver, grid = image) {
  const walk = createWalk(grid, solver);
  const noise = randomStream(2, 'picture');
  for (let index = 0; index < walk.features.length; index++) {
    const column = Math.floor(index / 3) % image.width;
    walk.features[index] = (column < 7 ? 0.2 : 0.7) + 0.05 * noise.normal();
  }
  walk.weights.fill(-5);
  const random = randomStream(2, 'f');
  const f = walk.values[0]!;
  for (let pixel = 0; pixel < walk.pixels; pixel++) {
    const values = Array.from({ length: 5 }, () => random.uniform());
    const sum = values.reduce((all, value) => all + value, 0);
    f.set(
      values.map((value) => value / sum),
      pixel * 5,
    );
  }
  return { walk, f, largestDegree: walk.computeAffinities() };
}

/** The limit by so many steps in float64 that it does not change any more. */
function limitInFloat64(diffusion: number): Float64Array {
  const { walk, f } = setUp('fixed-point');
  const affinities = pixelAffinities(image, walk.features, walk.weights);
  let y = Float64Array.from(f);
  for (let change = 1; change > 1e-9; ) {
    const next = walkStep(image, affinities, y, 5).map(
      (value, index) => diffusion * value + (1 - diffusion) * f[index]!,
    );
    change = farthest(next, y) / (1 - diffusion);
    y = next;
  }
  return y;
}

describe.each(golden.cases)('$shape: numpy’s dense solution', ({ shape, limit }) => {
  test.each(solvers.flatMap((solver) => builds.map((build) => ({ solver, build }))))(
    '$solver, $build',
    ({ solver, build }) => {
      const neighbourhood = createNeighbourhood(golden.radius, shape as NeighbourhoodShape);
      const walk = createWalk({ ...golden, neighbourhood, build }, solver);
      walk.features.set(golden.features);
      walk.weights.set(golden.weights);
      walk.values[0]!.set(golden.f);
      const tolerance = 1e-4;
      const { y, errorBound } = converge(walk, walk.computeAffinities(), {
        diffusion: golden.alpha,
        tolerance,
        solver,
      });
      expect(errorBound).toBeLessThanOrEqual(tolerance);
      expect(farthest(y, limit)).toBeLessThanOrEqual(errorBound);
    },
  );
});

describe.each([0.5, 0.9, 0.99])('α = %d', (diffusion) => {
  const limit = limitInFloat64(diffusion);
  const [low, high] = [Math.min(...setUp('chebyshev').f), Math.max(...setUp('chebyshev').f)];

  test.each(solvers.flatMap((solver) => [1e-2, 1e-3, 2e-4].map((tolerance) => ({ solver, tolerance }))))(
    '$solver stays within its stated error of $tolerance, and within [min f, max f]',
    ({ solver, tolerance }) => {
      const { walk, f, largestDegree } = setUp(solver);
      const before = f.slice();
      const { y, errorBound } = converge(walk, largestDegree, { diffusion, tolerance, solver });
      expect(errorBound).toBeLessThanOrEqual(tolerance);
      expect(farthest(y, limit)).toBeLessThanOrEqual(errorBound);
      expect(Math.min(...y)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...y)).toBeLessThanOrEqual(high);
      expect(f).toEqual(before);
    },
  );

  test('where values have a long way to go, the other solvers take fewer steps, the more the closer α is to 1', () => {
    const stepsOf = (solver: Solver) => {
      const { walk, f, largestDegree } = setUp(solver, { ...image, neighbourhood: createNeighbourhood(1) });
      for (let index = 0; index < f.length; index++) f[index] = index % 90 < 45 ? 0 : 1;
      return converge(walk, largestDegree, { diffusion, tolerance: 1e-3, solver }).steps;
    };
    const steps = stepsOf('fixed-point');
    const factor = { 0.5: 0.9, 0.9: 1.5, 0.99: 4 }[diffusion]!;
    expect(steps / stepsOf('chebyshev')).toBeGreaterThan(factor);
    expect(steps / stepsOf('conjugate-gradients')).toBeGreaterThan(factor);
  });
});

test('without diffusion nothing changes; a constant f is its own limit', () => {
  const { walk, f, largestDegree } = setUp('chebyshev');
  expect(converge(walk, largestDegree, { diffusion: 0 }).y).toEqual(f);
  f.fill(0.2);
  expect(farthest(converge(walk, largestDegree, { diffusion: 0.99 }).y, f)).toBeLessThan(1e-6);
});

test('the eigenvalues of a constant image, and what Gershgorin allows', () => {
  expect(lowestEigenvalueOfConstantImage(createNeighbourhood(1))).toBeCloseTo(-0.6, 12);
  expect(lowestEigenvalueOfConstantImage(createNeighbourhood(5))).toBeCloseTo(-13 / 81, 12);
  // Of a square the transform is the product of two Dirichlet kernels, sin(3x)/(… 5 sin(x)) and its like.
  const kernel = (x: number) => (1 + 2 * Math.cos(x) + 2 * Math.cos(2 * x)) / 5;
  const least = Math.min(...Array.from({ length: 1000 }, (_, index) => kernel((Math.PI * index) / 1000)));
  expect(lowestEigenvalueOfConstantImage(createNeighbourhood(2, 'square'))).toBeCloseTo(least, 2);
  expect(lowestPossibleEigenvalue(81)).toBeCloseTo(-79 / 81, 12);
});

test('Chebyshev’s iteration notices eigenvalues below those of a constant image, and still stays within its error', () => {
  const neighbourhood = createNeighbourhood(1);
  const { walk, f } = setUp('chebyshev', { ...image, neighbourhood });
  // Every neighbour weighs more than the pixel itself: the lowest eigenvalue comes near −1, that of a checkerboard.
  walk.affinities.fill(50);
  for (let index = 0; index < f.length; index++) f[index] = (Math.floor(index / 90) + Math.floor(index / 5)) % 2;
  const { y, steps, errorBound } = converge(walk, walk.normalize(), { diffusion: 0.9, tolerance: 1e-3 });
  expect(errorBound).toBeLessThanOrEqual(1e-3);
  const grid = { ...image, neighbourhood };
  const affinities = new Float64Array(walk.pixels * 2);
  forEachPair(grid, (i, _, place) => {
    affinities[2 * i + place] = 50;
  });
  expect(farthest(y, walkSteps(grid, affinities, f, 5, { diffusion: 0.9, steps: 300 }))).toBeLessThanOrEqual(
    errorBound,
  );
  expect(steps).toBeLessThan(80);
});

test('refuses tolerances that float32 does not reach, unknown solvers, and gives up on values that are not finite', () => {
  const { walk, f, largestDegree } = setUp('chebyshev');
  expect(() => converge(walk, largestDegree, { diffusion: 0.99, tolerance: 1e-6 })).toThrow(
    'float32 has no more digits',
  );
  expect(() => converge(walk, largestDegree, { diffusion: 0.9, tolerance: Number.NaN })).toThrow('got NaN');
  expect(() => converge(walk, largestDegree, { diffusion: 0.9, solver: 'jacobi' as Solver })).toThrow(
    "must be one of fixed-point, conjugate-gradients, chebyshev, multigrid, got 'jacobi'",
  );
  f[3] = Number.NaN;
  expect(() => converge(walk, largestDegree, { diffusion: 0.9 })).toThrow('Are all values finite?');
});

test('Chebyshev’s iteration that was told a wrong interval ends as the fixed point, within its bound', () => {
  const { walk } = setUp('chebyshev');
  // Degrees this small would put all eigenvalues near one: the iteration runs away.
  const { y, errorBound, steps } = converge(walk, 1.05, { diffusion: 0.9, tolerance: 1e-3, solver: 'chebyshev' });
  expect(farthest(y, limitInFloat64(0.9))).toBeLessThanOrEqual(errorBound);
  expect(errorBound).toBeLessThanOrEqual(1e-3);
  expect(steps).toBeGreaterThan(30);
});
