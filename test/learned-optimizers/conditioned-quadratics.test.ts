import { expect, test } from 'vitest';
import { createConditionedQuadratics } from '../../lib/learned-optimizers/problems/conditioned-quadratics.ts';

/** A of one function, told from its gradients: ∇f(e_k) − ∇f(0) is its k-th column. */
function hessian(size: number, conditionNumber: number, seed = 0): number[][] {
  const family = createConditionedQuadratics({
    dimensions: [size],
    conditionNumbers: [conditionNumber, conditionNumber],
  });
  const problem = family.sample(seed, 'hessian');
  const gradientAt = (theta: Float32Array) => {
    const gradient = new Float32Array(size);
    problem.lossAndGradient(theta, 1, gradient);
    return gradient;
  };
  const origin = gradientAt(new Float32Array(size));
  return Array.from({ length: size }, (_, k) =>
    Array.from(gradientAt(new Float32Array(size).with(k, 1)), (value, row) => value - origin[row]!),
  );
}

test.each([1, 10, 1000])(
  'condition number %s: the eigenvalues are log-spaced from its inverse to 1',
  (conditionNumber) => {
    const size = 7;
    const a = hessian(size, conditionNumber);
    const eigenvalues = Array.from({ length: size }, (_, k) => conditionNumber ** (-k / (size - 1)));
    // Symmetric, and the sums of λ, λ² and λ³ are the traces of A, A², A³.
    let power = a;
    for (const [row, values] of a.entries())
      for (const [column, value] of values.entries()) expect(value).toBeCloseTo(a[column]![row]!, 5);
    for (const exponent of [1, 2, 3]) {
      const trace = power.reduce((sum, row, k) => sum + row[k]!, 0);
      expect(trace).toBeCloseTo(
        eigenvalues.reduce((sum, value) => sum + value ** exponent, 0),
        4,
      );
      power = power.map((row) => a[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * a[k]![j]!, 0)));
    }
  },
);

test('the rotation is uniform: coordinates see every eigenvalue alike, and no two functions are the same', () => {
  const size = 4;
  const functions = Array.from({ length: 400 }, (_, seed) => hessian(size, 100, seed));
  const mean = (row: number, column: number) =>
    functions.reduce((sum, a) => sum + a[row]![column]! / functions.length, 0);
  const average = (1 + 100 ** (-1 / 3) + 100 ** (-2 / 3) + 0.01) / 4;
  // Under the Haar measure E[A] = tr(A)/n · I.
  for (let k = 0; k < size; k++) {
    expect(Math.abs(mean(k, k) - average)).toBeLessThan(0.05);
    for (let j = 0; j < k; j++) expect(Math.abs(mean(k, j))).toBeLessThan(0.05);
  }
});

test('every function starts at a loss of 1 a coordinate, and its gradient is its slope', () => {
  const family = createConditionedQuadratics({ dimensions: [2, 5, 3], conditionNumbers: [1, 1000] });
  const problem = family.sample(3, 'slope');
  const { coordinates } = family;
  expect(coordinates).toBe(10);
  const gradient = new Float32Array(coordinates);
  const scratch = new Float32Array(coordinates);
  const theta = new Float32Array(coordinates).fill(9);
  problem.initialize(theta);
  expect(problem.lossAndGradient(theta, 1, gradient)).toBeCloseTo(1, 12);
  const point = theta.map((_, k) => Math.sin(k));
  problem.lossAndGradient(point, 1, gradient);
  for (const { offset, size } of family.tensors) {
    for (let k = offset; k < offset + size; k++) {
      const at = (shift: number) => problem.lossAndGradient(point.with(k, point[k]! + shift), 1, scratch);
      // The loss is the mean over three functions of f/n; a quadratic's central difference is exact at any width.
      expect(3 * size * (at(0.5) - at(-0.5))).toBeCloseTo(gradient[k]!, 5);
    }
  }
});

test.each([
  [0.5, 10],
  [10, 1],
  [Number.NaN, 1],
])('condition numbers from %s to %s are refused', (least, greatest) => {
  expect(() => createConditionedQuadratics({ dimensions: [2], conditionNumbers: [least, greatest] })).toThrow(
    `Condition numbers must be at least 1 and ascend, got ${least} to ${greatest}`,
  );
});
