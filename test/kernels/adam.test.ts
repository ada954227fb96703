import { expect, test } from 'vitest';
import { applyAdam, squaredNorm } from '../../lib/kernels/adam.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const builds = ['wasm-relaxed', 'wasm-plain'] as const;

function draw(name: string, length: number): Float32Array {
  const array = new Float32Array(length);
  randomStream(1, name).fillNormal(array, 1);
  return array;
}

// Less than a vector, whole and partial blocks of the kernel's.
const lengths = [1, 3, 4, 7, 4096, 10_001];

test.each(builds.flatMap((build) => lengths.map((length) => [build, length] as const)))(
  '%s, %i elements: three updates are those of Kingma & Ba in float64',
  (build, length) => {
    const parameters = draw('parameters', length);
    const arrays = { parameters, mean: new Float32Array(length), meanSquare: new Float32Array(length) };
    const expected = Float64Array.from(parameters);
    const mean = new Float64Array(length);
    const meanSquare = new Float64Array(length);
    const [decay1, decay2, epsilon, learningRate, gradientScale] = [0.9, 0.999, 1e-8, 0.01, 0.5];
    for (let t = 1; t <= 3; t++) {
      const gradient = draw(`gradient ${t}`, length);
      const correctedRate = learningRate / (1 - decay1 ** t);
      const squareCorrection = 1 / (1 - decay2 ** t);
      const step = { decay1, decay2, epsilon, gradientScale, correctedRate, squareCorrection };
      applyAdam({ ...arrays, gradient }, step, { build });
      for (const [index, value] of gradient.entries()) {
        const g = gradientScale * value;
        mean[index] = decay1 * mean[index]! + (1 - decay1) * g;
        meanSquare[index] = decay2 * meanSquare[index]! + (1 - decay2) * g ** 2;
        const corrected = Math.sqrt(meanSquare[index]! / (1 - decay2 ** t));
        expected[index]! -= (learningRate * (mean[index]! / (1 - decay1 ** t))) / (corrected + epsilon);
      }
    }
    const farthest = (a: Float32Array, b: Float64Array) =>
      a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);
    expect(farthest(parameters, expected)).toBeLessThan(1e-6);
    expect(farthest(arrays.mean, mean)).toBeLessThan(1e-6);
    expect(farthest(arrays.meanSquare, meanSquare)).toBeLessThan(1e-7);
  },
);

test.each(builds)('%s: the squared norm is summed in float64, and shows what is not finite', (build) => {
  for (const length of [0, 1, 7, 8, 20_000]) {
    const values = draw('values', length);
    const expected = values.reduce((sum, value) => sum + value ** 2, 0);
    expect(squaredNorm(values, { build })).toBeCloseTo(expected, 9);
  }
  expect(squaredNorm(Float32Array.of(3e38, -3e38), { build })).toBeGreaterThan(1e77);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const values = new Float32Array(9000);
    values[8999] = bad;
    expect(Number.isFinite(squaredNorm(values, { build }))).toBe(false);
  }
});
