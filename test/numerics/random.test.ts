import { expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';

const draw = (count: number, next: () => number) => Array.from({ length: count }, next);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('a stream is a function of its seed and names', () => {
  const first = (seed: number, ...names: (string | number)[]) => randomStream(seed, ...names).uniform();
  expect(first(1, 'episode', 2)).toBe(first(1, 'episode', 2));
  const others = [first(1, 'episode', 2), first(2, 'episode', 2), first(1, 'episode', 3), first(1, 'episode', '2')];
  others.push(first(1, 'episode2'), first(1, 'validation', 2), first(1));
  expect(new Set(others).size).toBe(others.length);
});

test('the numbers of a stream never change between versions', () => {
  const stream = randomStream(0, 'golden');
  const values = [stream.uniform(), stream.uniformInteger(1000), stream.normal(), stream.normal(), stream.normal()];
  expect(values).toMatchInlineSnapshot(`
    [
      0.8422288720030338,
      682,
      -1.4404109927234188,
      -1.1291426753372185,
      -1.015219116813174,
    ]
  `);
});

test('uniform and normal values have the moments of their distributions', () => {
  const stream = randomStream(3, 'moments');
  const uniform = draw(100_000, () => stream.uniform());
  expect(Math.min(...uniform.slice(0, 10_000))).toBeGreaterThanOrEqual(0);
  expect(mean(uniform)).toBeCloseTo(1 / 2, 2);
  expect(mean(uniform.map((u) => u * u))).toBeCloseTo(1 / 3, 2);
  const normal = draw(100_000, () => stream.normal());
  expect(Math.abs(mean(normal))).toBeLessThan(0.01);
  expect(mean(normal.map((z) => z ** 2))).toBeCloseTo(1, 1);
  expect(Math.abs(mean(normal.map((z) => z ** 4)) - 3)).toBeLessThan(0.15);
  expect(Math.abs(mean(normal.map((z, i) => z * (normal[i + 1] ?? 0))))).toBeLessThan(0.01);
});

test('filling arrays scales as asked', () => {
  const values = new Float32Array(20_000);
  randomStream(4).fillNormal(values, 0.01);
  expect(mean([...values].map((z) => (100 * z) ** 2))).toBeCloseTo(1, 1);
  randomStream(4).fillUniform(values, 2, 5);
  expect(mean([...values])).toBeCloseTo(3.5, 1);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(2);
});

test('a sample is without replacement and uniform over positions', () => {
  const sample = new Int32Array(5);
  const counts = new Array(8).fill(0);
  for (let round = 0; round < 8000; round++) {
    randomStream(5, round).fillSample(sample, 8);
    expect(new Set(sample).size).toBe(5);
    for (const index of sample) counts[index]++;
  }
  for (const count of counts) expect(Math.abs(count - 5000)).toBeLessThan(250);
  expect(() => randomStream(5).fillSample(sample, 4)).toThrow('5 different numbers cannot be drawn from 4');
});
