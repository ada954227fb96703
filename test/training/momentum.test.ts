import { expect, test } from 'vitest';
import { initMomentum, polynomialRate, updateMomentum } from '../../lib/training/momentum.ts';

test('momentum makes Caffe’s steps: rate and decay inside the velocity, each parameter’s own', () => {
  const arrays = { w: Float32Array.of(1), b: Float32Array.of(1) };
  const velocities = initMomentum({ w: { shape: [1], data: arrays.w }, b: { shape: [1], data: arrays.b } });
  const settings = {
    learningRate: (update: number) => (update === 0 ? 0.1 : 0.01),
    ...{ momentum: 0.9, weightDecay: 0.5 },
    factors: (name: string) => (name === 'b' ? { rate: 2, decay: 0 } : { rate: 1, decay: 1 }),
  };
  const gradients = { w: Float32Array.of(3), b: Float32Array.of(-1) };
  updateMomentum(arrays, gradients, velocities, 0, settings);
  // v = 0.1 (3 + 0.5 · 1), and 0.2 · −1.
  expect([velocities.w![0], velocities.b![0]].map((value) => value!.toFixed(6))).toEqual(['0.350000', '-0.200000']);
  expect([arrays.w[0], arrays.b[0]].map((value) => value!.toFixed(6))).toEqual(['0.650000', '1.200000']);
  updateMomentum(arrays, gradients, velocities, 1, settings);
  // v = 0.9 · 0.35 + 0.01 (3 + 0.5 · 0.65), and 0.9 · −0.2 + 0.02 · −1.
  expect([velocities.w![0], velocities.b![0]].map((value) => value!.toFixed(6))).toEqual(['0.348250', '-0.200000']);
  expect([arrays.w[0], arrays.b[0]].map((value) => value!.toFixed(6))).toEqual(['0.301750', '1.400000']);
});

test('a polynomial rate falls to nothing, or stays with power 0', () => {
  expect([0, 50, 100].map(polynomialRate(2, 100, 1))).toEqual([2, 1, 0]);
  expect(polynomialRate(2, 100, 0.9)(50)).toBeCloseTo(2 * 0.5 ** 0.9, 12);
  expect(polynomialRate(2, 100, 0)(99)).toBe(2);
});
