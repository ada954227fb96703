import { describe, expect, test } from 'vitest';
import { groupCoordinates } from '../../../lib/learned-optimizers/information-sharing/coordinate-groups.ts';
import { createExternalMemory } from '../../../lib/learned-optimizers/information-sharing/external-memory.ts';
import { averageCells } from '../../../lib/learned-optimizers/information-sharing/global-averaging.ts';
import {
  initializeSharingParameters,
  sharingLayout,
} from '../../../lib/learned-optimizers/information-sharing/sharing-parameters.ts';
import { createSlidingMemory } from '../../../lib/learned-optimizers/information-sharing/sliding-memory.ts';
import { randomStream } from '../../../lib/numerics/random.ts';

const groups = groupCoordinates([2, 3]);
const options = { groups, readHeads: 1, writeHeads: 2, unrollSteps: 3, FloatArrayType: Float64Array };
const memories = {
  matrix: () => createExternalMemory(options),
  'sliding, nothing forgotten': () => createSlidingMemory(options, 6),
  'sliding, two steps': () => createSlidingMemory(options, 2),
};

describe.each(Object.entries(memories))('%s', (name, create) => {
  test('M begins as the identity, and what is read is read of it', () => {
    const memory = create();
    memory.reset();
    expect([...memory.readMatrix(0)]).toEqual([1, 0, 0, 1]);
    const result = new Float64Array(5);
    memory.read(0, Float64Array.of(1, 2, 3, 4, 5), result);
    expect([...result]).toEqual([1, 2, 3, 4, 5]);
  });

  test('a write adds outer products, function by function, across windows', () => {
    const memory = create();
    memory.reset();
    const random = randomStream(1, 'writes');
    const draw = (length: number) => Float64Array.from({ length }, () => random.normal());
    const writes = Array.from({ length: 5 }, () => ({ a: draw(10), b: draw(10) }));
    const kept = name === 'sliding, two steps' ? 2 : 5;
    for (const [step, { a, b }] of writes.entries()) {
      if (step === 3) memory.beginWindow();
      memory.write(step % 3, a, b);
    }
    memory.beginWindow();
    for (const [index, { size, start }] of [
      { size: 2, start: 0 },
      { size: 3, start: 2 },
    ].entries()) {
      const expected = Array.from({ length: size * size }, (_, place) => {
        const [row, column] = [Math.floor(place / size), place % size];
        let value = row === column ? 1 : 0;
        for (const { a, b } of writes.slice(-kept))
          for (const head of [0, 5]) value += a[head + start + row]! * b[head + start + column]!;
        return value;
      });
      const matrix = memory.readMatrix(index);
      for (const [place, value] of expected.entries()) expect(matrix[place]).toBeCloseTo(value, 12);
      // Two vectors a write: a matrix of that rank, which no sum of scalars would give.
      const read = draw(5);
      const result = new Float64Array(5);
      memory.read(0, read, result);
      for (let row = 0; row < size; row++) {
        let sum = 0;
        for (let column = 0; column < size; column++) sum += expected[row * size + column]! * read[start + column]!;
        expect(result[start + row]).toBeCloseTo(sum, 12);
      }
    }
    memory.reset();
    expect([...memory.readMatrix(1)]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });
});

test('averaging cells give every coordinate of a function the average, and other cells their own', () => {
  // [5 coordinates, 3 units], the first unit averaged
  const activations = Float64Array.of(1, 10, 20, 3, 30, 40, 3, 50, 60, 4, 70, 80, 8, 90, 100);
  averageCells(activations, 3, 1, groups);
  expect([...activations]).toEqual([2, 10, 20, 2, 30, 40, 5, 50, 60, 5, 70, 80, 5, 90, 100]);
});

test('initial parameters: forget gates remember, the update is small, write heads are not zero', () => {
  const layout = sharingLayout({
    inputs: 1,
    hidden: 20,
    averagingCells: 4,
    readHeads: 1,
    writeHeads: 3,
    memory: { kind: 'matrix' },
    write: 'outer-product',
  });
  // 5,061 of the plain LSTM, a row for the read result, and seven heads with their biases.
  expect(layout.size).toBe(5061 + 80 + 7 * 21);
  const parameters = initializeSharingParameters(layout, randomStream(0));
  const spread = (name: string) => {
    const { offset, size } = layout.tensors.find((tensor) => tensor.name === name)!;
    return Math.hypot(...parameters.subarray(offset, offset + size)) / Math.sqrt(size);
  };
  expect(spread('layer-2/kernel')).toBeCloseTo(1 / Math.sqrt(40), 1);
  expect(spread('layer-1/bias')).toBeCloseTo(0.5, 6);
  expect(spread('output/kernel')).toBeLessThan(0.05);
  expect(spread('write-heads/kernel')).toBeGreaterThan(0.03);
  expect(spread('write-heads/bias')).toBe(0);
});

test.each([
  [{ hidden: 6 }, 'a multiple of 4 from 4 up, got 6'],
  [{ averagingCells: 9 }, 'all 8 cells of a layer can be averaged, got 9'],
  [{ readHeads: -1 }, 'readHeads must be a whole number from 0 up, got -1'],
  [{ writeHeads: 1.5 }, 'writeHeads must be a whole number from 0 up, got 1.5'],
])('refuses %s', (change, message) => {
  const memory = { kind: 'matrix' } as const;
  const shape = { inputs: 1, hidden: 8, averagingCells: 1, readHeads: 1, writeHeads: 1, memory } as const;
  expect(() => sharingLayout({ ...shape, write: 'outer-product', ...change })).toThrow(message);
});

test('a function without coordinates is refused', () => {
  expect(() => groupCoordinates([3, 0])).toThrow('a positive whole number of coordinates, got 0');
});
