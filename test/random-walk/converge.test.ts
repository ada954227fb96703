import { describe, expect, test } from 'vitest';
import { createRandomWalkKernel } from '../../lib/kernels/random-walk-kernel.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { converge, type Solver, solverArrays } from '../../lib/random-walk/converge.ts';
import { createNeighbourhood, type NeighbourhoodShape } from '../../lib/random-walk/neighbourhood.ts';
import { pixelAffinities } from '../../lib/random-walk/reference/affinity.ts';
import { walkStep } from '../../lib/random-walk/reference/walk.ts';
import golden from '../golden/random-walk.json' with { type: 'json' };

const solvers = Object.keys(solverArrays) as Solver[];
const builds = ['wasm-relaxed', 'wasm-plain'] as const;
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);

const image = { height: 13, width: 18, neighbourhood: createNeighbourhood(3), channels: 3, classes: 5 };

/** A picture of two halves with noise, and probabilities of noise. */
function setUp(solver: Solver, grid = image) {
  const walk = createRandomWalkKernel(grid, solverArrays[solver]);
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
      const walk = createRandomWalkKernel({ ...golden, neighbourhood, build }, solverArrays[solver]);
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

test('refuses tolerances that float32 does not reach, unknown solvers, and gives up on values that are not finite', () => {
  const { walk, f, largestDegree } = setUp('chebyshev');
  expect(() => converge(walk, largestDegree, { diffusion: 0.99, tolerance: 1e-6 })).toThrow(
    'float32 has no more digits',
  );
  expect(() => converge(walk, largestDegree, { diffusion: 0.9, tolerance: Number.NaN })).toThrow('got NaN');
  expect(() => converge(walk, largestDegree, { diffusion: 0.9, solver: 'jacobi' as Solver })).toThrow(
    "must be one of fixed-point, conjugate-gradients, chebyshev, got 'jacobi'",
  );
  f[3] = Number.NaN;
  expect(() => converge(walk, largestDegree, { diffusion: 0.9 })).toThrow('Are all values finite?');
});
