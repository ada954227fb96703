import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createRandomWalkKernel, type RandomWalkKernel } from '../../lib/kernels/random-walk-kernel.ts';
import { createThreadedRandomWalkKernel } from '../../lib/kernels/random-walk-threads.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { clipNeighbourhood, createNeighbourhood } from '../../lib/random-walk/neighbourhood.ts';
import { refine } from '../../lib/random-walk/refine.ts';
import { refineOnThreads } from '../../lib/random-walk/refine-on-threads.ts';

const cases = [
  // More rows than bands, and a last band that is shorter.
  { height: 67, width: 24, classes: 21, channels: 3, neighbourhood: createNeighbourhood(5) },
  { height: 9, width: 13, classes: 5, channels: 7, neighbourhood: createNeighbourhood(3, 'square') },
  { height: 4, width: 6, classes: 2, channels: 3, neighbourhood: clipNeighbourhood(createNeighbourhood(9), 4, 6) },
  { height: 70, width: 1, classes: 3, channels: 3, neighbourhood: createNeighbourhood(4) },
  { height: 1, width: 9, classes: 26, channels: 1, neighbourhood: createNeighbourhood(2) },
];

/** The bits of all numbers that a walk makes from the same values, as text. */
function bitsOf(walk: RandomWalkKernel): string {
  const random = randomStream(3, 'threads');
  random.fillUniform(walk.features, 0, 1);
  walk.weights.fill(-3);
  const [f, x, previous] = walk.values as [Float32Array, Float32Array, Float32Array];
  random.fillNormal(f, 1);
  previous.fill(0);
  const largestDegree = walk.computeAffinities();
  walk.step(f, x);
  const stepped = x.slice();
  const coefficients = { diffusion: 0.9, omega: 1.2, gamma: 0.8 };
  const residuals = Array.from({ length: 4 }, () => walk.iterate(x, previous, f, coefficients));
  const arrays = [
    Float64Array.of(largestDegree, walk.normalize(), ...residuals),
    ...[walk.affinities, walk.inverseDegrees, stepped, previous],
  ];
  expect(arrays.every((array) => array.every(Number.isFinite))).toBe(true);
  return arrays
    .map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString('base64'))
    .join();
}

describe.each(['wasm-relaxed', 'wasm-plain'] as const)('%s', (build) => {
  test.each(cases)(
    '$height × $width, radius $neighbourhood.radius: the bits of one kernel, for any threads',
    async (grid) => {
      const expected = bitsOf(createRandomWalkKernel({ ...grid, build }, 3));
      for (const threads of [1, 2, 3]) {
        const walk = createThreadedRandomWalkKernel({ ...grid, build, threads }, 3);
        expect(bitsOf(walk) === expected, `${threads} threads, not yet started`).toBe(true);
        if (threads > 1) await setTimeout(50);
        expect(bitsOf(walk) === expected, `${threads} threads`).toBe(true);
        walk.dispose();
        expect(bitsOf(walk) === expected, 'disposed').toBe(true);
      }
    },
  );
});

test('refines to the same bits on threads as without', () => {
  const [height, width, classes] = [48, 31, 4];
  const random = randomStream(4, 'refine');
  const picture = {
    height,
    width,
    data: Uint8Array.from({ length: 3 * height * width }, () => 255 * random.uniform()),
  };
  const data = new Float32Array(height * width * classes).fill(0.1);
  for (let pixel = 0; pixel < height * width; pixel++) data[pixel * classes + Math.floor(4 * random.uniform())] = 0.7;
  const probabilities = { height, width, classes, data };
  for (const solver of ['chebyshev', 'conjugate-gradients', 'fixed-point'] as const) {
    const options = { alpha: 0.95, affinityWeights: -2, solver };
    expect(refineOnThreads(picture, probabilities, { ...options, threads: 3 })).toEqual(
      refine(picture, probabilities, options),
    );
  }
});

test('refuses what is no number of threads, and an image that does not fit', () => {
  const grid = cases[1]!;
  for (const threads of [0, 1.5, Number.NaN]) {
    expect(() => createThreadedRandomWalkKernel({ ...grid, threads }, 2)).toThrow(
      `threads must be a positive whole number, got ${threads}.`,
    );
  }
  expect(() => createThreadedRandomWalkKernel({ ...grid, height: 20_000, width: 20_000, threads: 2 }, 2)).toThrow(
    'the kernel addresses 2.1',
  );
});
