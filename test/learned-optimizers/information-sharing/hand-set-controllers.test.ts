import { describe, expect, test } from 'vitest';
import { groupCoordinates } from '../../../lib/learned-optimizers/information-sharing/coordinate-groups.ts';
import {
  bfgsController,
  clippingController,
  runHandSetController,
} from '../../../lib/learned-optimizers/information-sharing/hand-set-controllers.ts';
import { createSlidingMemory } from '../../../lib/learned-optimizers/information-sharing/sliding-memory.ts';
import { startLimitedMemoryBfgs } from '../../../lib/learned-optimizers/limited-memory-bfgs.ts';
import { randomStream } from '../../../lib/numerics/random.ts';

type Vector = number[];
type Gradient = (theta: ArrayLike<number>) => Vector;
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, k) => sum + value * b[k]!, 0);
const identity = (n: number): number[][] =>
  Array.from({ length: n }, (_, k) => Array.from({ length: n }, (_, j) => (j === k ? 1 : 0)));
const product = (a: number[][], b: number[][]) =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
const apply = (a: number[][], x: ArrayLike<number>) => a.map((row) => dot(row, x));

/** H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ: Nocedal & Wright, Eq. 6.17, as it stands there. */
function updateInverseHessian(h: number[][], s: Vector, y: Vector): number[][] {
  const rho = 1 / dot(y, s);
  const n = s.length;
  const left = identity(n).map((row, k) => row.map((value, j) => value - rho * s[k]! * y[j]!));
  const right = identity(n).map((row, k) => row.map((value, j) => value - rho * y[k]! * s[j]!));
  return product(product(left, h), right).map((row, k) => row.map((value, j) => value + rho * s[k]! * s[j]!));
}

/** θ_2, θ_3, … and H of textbook BFGS with a constant step size. */
function textbookBfgs(gradientOf: Gradient, start: Vector, learningRate: number, iterations: number) {
  let theta = start;
  let h = identity(start.length);
  let gradient = gradientOf(theta);
  const path: Vector[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const s = apply(h, gradient).map((value) => -learningRate * value);
    theta = theta.map((value, k) => value + s[k]!);
    path.push(theta);
    const next = gradientOf(theta);
    if (iteration < iterations - 1) {
      h = updateInverseHessian(
        h,
        s,
        next.map((value, k) => value - gradient[k]!),
      );
    }
    gradient = next;
  }
  return { path, h };
}

const dimensions = 6;
const random = randomStream(5, 'hand-set');
const factor = Array.from({ length: dimensions }, () => Array.from({ length: dimensions }, () => random.normal()));
const start = Array.from({ length: dimensions }, () => random.normal());
const functions: Record<string, Gradient> = {
  // ∇ = B θ with B positive definite
  'a quadratic': (theta) =>
    apply(
      product(
        factor.map((_, j) => factor.map((row) => row[j]!)),
        factor,
      ),
      theta,
    ).map((value, k) => 0.1 * value + 0.3 * theta[k]!),
  // Σ log cosh, coupled by a rotation's worth of a linear map
  'a convex function that is no quadratic': (theta) => {
    const slopes = apply(factor, theta).map(Math.tanh);
    return theta.length === 0
      ? []
      : Array.from(
          theta,
          (value, j) => 0.3 * factor.reduce((sum, row, k) => sum + row[j]! * slopes[k]!, 0) + 0.2 * value,
        );
  },
};

describe('one read head, three write heads and two averaging cells are inverse-Hessian BFGS', () => {
  const iterations = 25;
  const groups = groupCoordinates([dimensions]);
  const memories = {
    'the n × n memory of NTM-BFGS': undefined,
    'write vectors of NTM-L-BFGS, all remembered': (options: Parameters<typeof createSlidingMemory>[0]) =>
      createSlidingMemory(options, 2 * iterations),
  };
  const cases = Object.entries(functions).flatMap(([name, gradientOf]) =>
    Object.entries(memories).map(([memory, createMemory]) => ({ name, gradientOf, memory, createMemory })),
  );

  test.each(cases)('on $name, iterate for iterate, with $memory', ({ gradientOf, createMemory }) => {
    const learningRate = 0.6;
    const { path, h } = textbookBfgs(gradientOf, start, learningRate, iterations);
    const controller = bfgsController({ dimensions, learningRate });
    expect([controller.averagingCells, controller.writeHeads]).toEqual([2, 3]);
    const { memory, step } = runHandSetController(controller, groups, createMemory);
    const theta = Float64Array.from(start);
    const update = new Float64Array(dimensions);
    for (const expected of path) {
      // An iteration is two steps: the read of ∇_k, which arrives at the second, and the move.
      step(gradientOf(theta), update);
      expect(update.every((value) => value === 0)).toBe(true);
      step(gradientOf(theta), update);
      for (let k = 0; k < dimensions; k++) theta[k]! += update[k]!;
      for (const [k, value] of expected.entries()) expect(Math.abs(theta[k]! - value)).toBeLessThan(1e-9);
    }
    expect(Math.hypot(...gradientOf(theta))).toBeLessThan(1e-6 * Math.hypot(...gradientOf(start)));
    const matrix = memory.readMatrix(0);
    for (const [k, value] of h.flat().entries()) expect(Math.abs(matrix[k]! - value)).toBeLessThan(1e-6);
  });

  test('with two functions side by side, each has its own', () => {
    const both = groupCoordinates([dimensions, dimensions]);
    const controller = bfgsController({ dimensions, learningRate: 0.6 });
    const { step } = runHandSetController(controller, both);
    const paths = Object.values(functions).map((gradientOf) => textbookBfgs(gradientOf, start, 0.6, 10).path.at(-1)!);
    const theta = Float64Array.from([...start, ...start]);
    const update = new Float64Array(2 * dimensions);
    for (let k = 0; k < 20; k++) {
      const gradients = Object.values(functions).flatMap((gradientOf, index) =>
        gradientOf(theta.subarray(index * dimensions, (index + 1) * dimensions)),
      );
      step(gradients, update);
      for (let j = 0; j < theta.length; j++) theta[j]! += update[j]!;
    }
    for (const [k, value] of paths.flat().entries()) expect(Math.abs(theta[k]! - value)).toBeLessThan(1e-9);
  });
});

test('one averaging cell is L2 gradient clipping', () => {
  const groups = groupCoordinates([4, 4]);
  const { step } = runHandSetController(
    clippingController({ dimensions: 4, learningRate: 0.5, largestNorm: 2 }),
    groups,
  );
  const update = new Float64Array(8);
  const long = [3, -4, 0, 12];
  const short = [0.1, -0.2, 0.3, 0.4];
  for (const scale of [1, 10]) {
    step([...long.map((value) => scale * value), ...short], update);
    // ‖(3, −4, 0, 12)‖ = 13: of that function only the direction is left, of the other nothing is changed.
    for (const [k, value] of long.entries()) expect(update[k]).toBeCloseTo(-0.5 * 2 * (value / 13), 12);
    for (const [k, value] of short.entries()) expect(update[4 + k]).toBeCloseTo(-0.5 * value, 12);
  }
});

describe('L-BFGS', () => {
  const gradientOf = functions['a convex function that is no quadratic']!;

  test.each([[100], [3]])('with %s pairs moves as the dense matrix of its pairs says', (historySize) => {
    const optimizer = startLimitedMemoryBfgs(groupCoordinates([dimensions]), { learningRate: 0.8, historySize });
    const theta = Float32Array.from(start);
    const points = [theta.slice()];
    const gradients: Float32Array[] = [];
    for (let iteration = 0; iteration < 12; iteration++) {
      gradients.push(Float32Array.from(gradientOf(theta)));
      optimizer.update(theta, gradients.at(-1)!);
      points.push(theta.slice());
    }
    for (let iteration = 0; iteration < 12; iteration++) {
      const move = Array.from(points[iteration + 1]!, (value, k) => value - points[iteration]![k]!);
      const gradient = Array.from(gradients[iteration]!);
      if (iteration === 0) {
        const rate = 0.8 * Math.min(1, 1 / gradient.reduce((sum, value) => sum + Math.abs(value), 0));
        for (const [k, value] of move.entries()) expect(value).toBeCloseTo(-rate * gradient[k]!, 6);
        continue;
      }
      const pairs = Array.from({ length: iteration }, (_, index) => ({
        s: Array.from(points[index + 1]!, (value, k) => value - points[index]![k]!),
        y: Array.from(gradients[index + 1]!, (value, k) => value - gradients[index]![k]!),
      })).slice(-historySize);
      const { s, y } = pairs.at(-1)!;
      let h = identity(dimensions).map((row) => row.map((value) => (value * dot(s, y)) / dot(y, y)));
      for (const pair of pairs) h = updateInverseHessian(h, pair.s, pair.y);
      const expected = apply(h, gradient).map((value) => -0.8 * value);
      const scale = Math.max(...expected.map(Math.abs), 1e-3);
      // θ is float32, and so are the moves taken from it here.
      for (const [k, value] of move.entries()) expect(Math.abs(value - expected[k]!)).toBeLessThan(2e-3 * scale);
    }
  });

  test('reaches the minimum of a quadratic in about as many steps as it has dimensions', () => {
    const gradientOf = functions['a quadratic']!;
    const optimizer = startLimitedMemoryBfgs(groupCoordinates([dimensions]), { learningRate: 1 });
    const theta = Float32Array.from(start);
    for (let step = 0; step < 4 * dimensions; step++) optimizer.update(theta, Float32Array.from(gradientOf(theta)));
    expect(Math.hypot(...gradientOf(theta))).toBeLessThan(1e-4 * Math.hypot(...gradientOf(start)));
  });
});
