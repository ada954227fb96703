import { describe, expect, test } from 'vitest';
import { compileKernel, kernelVariants } from '../../lib/kernels/build.ts';
import { allocateSharedMemory, compileModule, instantiateModule } from '../../lib/kernels/web-assembly.ts';

const probe = `
import { exp, log, sigmoid, tanh, tanhArray } from './simd-math';
export { tanhArray };
${['exp', 'log', 'sigmoid', 'tanh']
  .map(
    (name) =>
      `export function ${name}Array(from: usize, to: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 16, to += 16) v128.store(to, ${name}(v128.load(from)));
}`,
  )
  .filter((source) => !source.includes('tanhArray'))
  .join('\n')}
`;
type Probe = Record<`${'exp' | 'log' | 'sigmoid' | 'tanh'}Array`, (from: number, to: number, bytes: number) => void>;

describe.each(kernelVariants)('%s', async (variant) => {
  const module = compileModule(await compileKernel({ name: 'probe', sharedMemory: true }, variant, probe));
  const memory = allocateSharedMemory(1 << 20);
  const kernel = instantiateModule<Probe>(module, memory);
  const [from, to] = [65_536, 65_536 * 8];

  /** The function over `inputs`, and the inputs as float32. */
  function apply(name: keyof Probe, inputs: readonly number[]) {
    const bytes = Math.ceil(inputs.length / 16) * 64;
    const x = new Float32Array(memory.buffer, from, inputs.length);
    x.set(inputs);
    kernel[name](from, to, bytes);
    return { x, y: new Float32Array(memory.buffer, to, inputs.length) };
  }
  /** Evenly spaced, and their negatives. */
  const evenly = (low: number, high: number, count = 8000) =>
    Array.from({ length: count }, (_, index) => low + ((high - low) * index) / (count - 1));
  const largest = (x: Float32Array, error: (value: number, index: number) => number) =>
    x.reduce((worst, value, index) => Math.max(worst, error(value, index)), 0);

  test('tanh: absolute error near float32, relative near zero, never outside [−1, 1]', () => {
    const { x, y } = apply('tanhArray', evenly(-12, 12));
    expect(largest(x, (value, index) => Math.abs(y[index]! - Math.tanh(value)))).toBeLessThan(4e-7);
    expect(largest(y, Math.abs)).toBeLessThanOrEqual(1);
    const small = apply('tanhArray', evenly(-0.01, 0.01));
    expect(largest(small.x, (value, index) => Math.abs(small.y[index]! / Math.tanh(value) - 1))).toBeLessThan(5e-7);
  });

  test('sigmoid: absolute error near float32, inside [0, 1]', () => {
    const { x, y } = apply('sigmoidArray', evenly(-30, 30));
    expect(largest(x, (value, index) => Math.abs(y[index]! - 1 / (1 + Math.exp(-value))))).toBeLessThan(3e-7);
    expect(Math.min(...y)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...y)).toBeLessThanOrEqual(1);
  });

  test('exp: relative error near float32', () => {
    const { x, y } = apply('expArray', evenly(-87, 88));
    expect(largest(x, (value, index) => Math.abs(y[index]! / Math.exp(value) - 1))).toBeLessThan(3e-7);
  });

  test('log: relative error near float32, absolute near 1', () => {
    const { x, y } = apply(
      'logArray',
      evenly(-80, 80).map((value) => Math.exp(value)),
    );
    expect(
      largest(x, (value, index) => Math.abs(y[index]! - Math.log(value)) / Math.max(1, Math.abs(Math.log(value)))),
    ).toBeLessThan(2e-7);
  });

  test('infinities saturate and NaN stays NaN', () => {
    const ends = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38, Number.NaN];
    const tanh = [...apply('tanhArray', ends).y];
    for (const [index, expected] of [1, -1, 1, -1].entries()) expect(tanh[index]).toBeCloseTo(expected, 6);
    const sigmoid = [...apply('sigmoidArray', ends).y];
    for (const [index, expected] of [1, 0, 1, 0].entries()) expect(sigmoid[index]).toBeCloseTo(expected, 6);
    expect(apply('logArray', [Number.POSITIVE_INFINITY, Number.NaN]).y).toEqual(
      Float32Array.of(Number.POSITIVE_INFINITY, Number.NaN),
    );
    for (const name of ['tanhArray', 'sigmoidArray', 'expArray'] as const) expect(apply(name, ends).y[4]).toBeNaN();
  });
});
