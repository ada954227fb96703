import { expect, test } from 'vitest';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';

/** f(x) = x₀² x₁ + sin x₂ */
const f = (x: Float64Array) => x[0]! ** 2 * x[1]! + Math.sin(x[2]!);
const at = [1.5, -2, 0.3];
const gradient = [2 * 1.5 * -2, 1.5 ** 2, Math.cos(0.3)];

test('a right gradient passes', () => {
  expect(checkGradient(f, at, gradient).error).toBeLessThan(1e-9);
});

test('a wrong sign is found where it is', () => {
  expect(checkGradient(f, at, [gradient[0]!, -gradient[1]!, gradient[2]!])).toMatchObject({ worst: 1 });
});

test('a NaN counts as an error', () => {
  expect(checkGradient(f, at, [gradient[0]!, gradient[1]!, Number.NaN]).error).toBeNaN();
});

test('a gradient of another length is refused', () => {
  expect(() => checkGradient(f, at, [1])).toThrow(RangeError);
});
