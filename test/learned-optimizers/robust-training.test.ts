import { describe, expect, test } from 'vitest';
import { selectCoordinates } from '../../lib/learned-optimizers/meta-gradient.ts';
import { zeroNonFinite } from '../../lib/learned-optimizers/non-finite.ts';
import { mixFamilies } from '../../lib/learned-optimizers/problems/mixture.ts';
import { createQuadratics } from '../../lib/learned-optimizers/problems/quadratics.ts';
import { scaleRandomly } from '../../lib/learned-optimizers/problems/randomly-scaled.ts';
import { clipNorm, horizonOf, startAdamTeacher, totalSteps } from '../../lib/learned-optimizers/robust-training.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { seededGradients, seededNormal } from '../kernels/lstm-fixtures.ts';

const family = createQuadratics({ distribution: 'normal-start', functions: 3, dimensions: 4 });
const { coordinates } = family;

describe('the curriculum', () => {
  const settings = {
    episodes: 7,
    horizonSteps: 500,
    robust: {
      curriculum: [
        { episodes: 2, horizonSteps: 100 },
        { episodes: 3, horizonSteps: 200 },
      ],
    },
  };

  test('gives each episode its horizon, the last one to all that are left', () => {
    expect(Array.from({ length: 7 }, (_, episode) => horizonOf(settings, episode))).toEqual([
      100, 100, 200, 200, 200, 500, 500,
    ]);
    expect(totalSteps(settings)).toBe(2 * 100 + 3 * 200 + 2 * 500);
  });

  test('is one horizon where there is none', () => {
    expect(horizonOf({ horizonSteps: 100 }, 3)).toBe(100);
    expect(totalSteps({ episodes: 4, horizonSteps: 100 })).toBe(400);
  });
});

describe('imitation', () => {
  const steps = 3;
  const imitation = { weight: 0.7, learningRate: 0.05 };
  const gradients = seededGradients(coordinates, steps);
  const everything = selectCoordinates(family.tensors, coordinates, randomStream(1));

  /** weight · ½ · mean over coordinates of ((g − g^Adam) / rate)², summed over steps, Adam as Torch7 has it, in float64. */
  function imitationLoss(updates: readonly (readonly number[])[]): number {
    const [m, v] = [new Float64Array(coordinates), new Float64Array(coordinates)];
    let loss = 0;
    for (const [index, row] of updates.entries()) {
      const rate = (imitation.learningRate * Math.sqrt(1 - 0.999 ** (index + 1))) / (1 - 0.9 ** (index + 1));
      for (const [i, update] of row.entries()) {
        const gradient = gradients[index]![i]!;
        m[i] = 0.9 * m[i]! + 0.1 * gradient;
        v[i] = 0.999 * v[i]! + 0.001 * gradient * gradient;
        const adam = (-rate * m[i]!) / (Math.sqrt(v[i]!) + 1e-8);
        loss += ((imitation.weight / 2) * ((update - adam) / imitation.learningRate) ** 2) / coordinates;
      }
    }
    return loss;
  }

  test('adds the gradient of the imitation loss with respect to the updates', () => {
    const updates = gradients.map((_, step) => seededNormal(coordinates, step).map((value) => 0.05 * value));
    const teacher = startAdamTeacher(imitation, coordinates, steps);
    for (const [step, gradient] of gradients.entries()) teacher.watch(gradient, updates[step]!, everything, step);
    const added = new Float32Array(steps * coordinates).fill(2);
    teacher.addGradients(added);

    const rows = updates.map((row) => [...row]);
    for (const place of [0, 5, coordinates + 3, 3 * coordinates - 1]) {
      const [row, i] = [rows[Math.floor(place / coordinates)]!, place % coordinates];
      const [value, h] = [row[i]!, 1e-5];
      row[i] = value + h;
      const above = imitationLoss(rows);
      row[i] = value - h;
      const below = imitationLoss(rows);
      row[i] = value;
      expect(added[place]! - 2).toBeCloseTo((above - below) / (2 * h), 4);
    }
  });

  test('weighs each selected coordinate by what it stands for, and Adam goes on from window to window', () => {
    const part = { coordinates: Int32Array.of(1, 7), weights: Float32Array.of(6, 6) };
    const updates = new Float32Array(coordinates);
    const [whole, some] = [0, 1].map(() => startAdamTeacher(imitation, coordinates, 1));
    for (const gradient of gradients) {
      whole!.watch(gradient, updates, everything, 0);
      some!.watch(gradient, updates, part, 0);
      const [all, two] = [new Float32Array(coordinates), new Float32Array(2)];
      whole!.addGradients(all);
      some!.addGradients(two);
      expect(two[0]).toBeCloseTo(6 * all[1]!, 5);
      expect(two[1]).toBeCloseTo(6 * all[7]!, 5);
    }
  });
});

describe('random scaling', () => {
  const scaled = scaleRandomly(family, 3);
  const start = (problem: ReturnType<typeof family.sample>) => {
    const theta = new Float32Array(coordinates);
    problem.initialize(theta);
    return theta;
  };
  const lossAt = (problem: ReturnType<typeof family.sample>, theta: Float32Array) =>
    problem.lossAndGradient(theta, 1, new Float32Array(coordinates));

  test('starts where the problem does, with other coordinates for each problem', () => {
    const [plain, one, two] = [family.sample(1, 'x'), scaled.sample(1, 'x'), scaled.sample(1, 'y')];
    expect(lossAt(one, start(one))).toBeCloseTo(lossAt(plain, start(plain)), 4);
    const ratios = start(plain).map((value, i) => Math.log(value / start(one)[i]!));
    expect(Math.max(...ratios.map(Math.abs))).toBeLessThanOrEqual(3.0001);
    expect(Math.max(...ratios) - Math.min(...ratios)).toBeGreaterThan(2);
    const others = start(family.sample(1, 'y')).map((value, i) => Math.log(value / start(two)[i]!));
    expect([...others]).not.toEqual([...ratios]);
    // The same names give the same problem.
    expect(start(scaled.sample(1, 'x'))).toEqual(start(one));
  });

  test('its gradient is that of central differences', () => {
    const problem = scaled.sample(3, 'z');
    const theta = start(problem);
    const gradient = new Float32Array(coordinates);
    problem.lossAndGradient(theta, 1, gradient);
    for (const i of [0, 5, 11]) {
      // The loss is quadratic: any step is exact but for rounding. The gradient is a single function's, the loss a mean of 3.
      const h = 0.1 * Math.abs(theta[i]!);
      const moved = (sign: number) => theta.map((value, k) => (k === i ? value + sign * h : value));
      const estimate = (3 * (lossAt(problem, moved(1)) - lossAt(problem, moved(-1)))) / (2 * h);
      expect(Math.abs(gradient[i]! / estimate - 1)).toBeLessThan(2e-3);
    }
  });
});

test('a mixture draws from each family, the same for the same names, and refuses unlike ones', () => {
  const one = createQuadratics({ distribution: 'standard', functions: 3, dimensions: 4 });
  const mixture = mixFamilies([family, one]);
  const isZero = Array.from({ length: 40 }, (_, index) => {
    const theta = new Float32Array(coordinates);
    mixture.sample(0, 'episode', index).initialize(theta);
    return theta.every((value) => value === 0);
  });
  const count = isZero.filter(Boolean).length;
  expect(count).toBeGreaterThan(10);
  expect(count).toBeLessThan(30);
  const larger = createQuadratics({ distribution: 'standard', functions: 4, dimensions: 4 });
  expect(() => mixFamilies([one, larger])).toThrow(/same coordinates: 12 in 1 tensors, got 16/);
  expect(() => mixFamilies([])).toThrow(RangeError);
});

test('a gradient is shortened to the longest norm, in its own direction, and a shorter one is left alone', () => {
  const gradient = Float32Array.of(3, -4);
  clipNorm(gradient, 10);
  expect([...gradient]).toEqual([3, -4]);
  clipNorm(gradient, 1);
  expect(gradient[0]).toBeCloseTo(0.6);
  expect(gradient[1]).toBeCloseTo(-0.8);
});

test('what is not finite becomes zero, and is counted', () => {
  const gradient = Float32Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY, -2, Number.POSITIVE_INFINITY);
  expect(zeroNonFinite(gradient)).toBe(3);
  expect([...gradient]).toEqual([1, 0, 0, -2, 0]);
});
