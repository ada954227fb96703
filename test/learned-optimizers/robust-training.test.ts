import { describe, expect, test } from 'vitest';
import { MetaTrainingDiverged } from '../../lib/learned-optimizers/errors.ts';
import { selectCoordinates } from '../../lib/learned-optimizers/meta-gradient.ts';
import { type MetaTrainingSettings, metaTrain } from '../../lib/learned-optimizers/meta-training.ts';
import { zeroNonFinite } from '../../lib/learned-optimizers/non-finite.ts';
import { createOptimizerNetwork } from '../../lib/learned-optimizers/optimizer-network.ts';
import { mixFamilies } from '../../lib/learned-optimizers/problems/mixture.ts';
import type { ProblemFamily } from '../../lib/learned-optimizers/problems/problem.ts';
import { createQuadratics } from '../../lib/learned-optimizers/problems/quadratics.ts';
import { scaleRandomly } from '../../lib/learned-optimizers/problems/randomly-scaled.ts';
import {
  clipNorm,
  horizonOf,
  type RobustTrainingSettings,
  startAdamTeacher,
  totalSteps,
} from '../../lib/learned-optimizers/robust-training.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import type { Checkpoint } from '../../lib/pipeline/context.ts';
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

test('a mixture takes its problems from the families in turn, and refuses unlike ones and a problem without number', () => {
  const one = createQuadratics({ distribution: 'standard', functions: 3, dimensions: 4 });
  const mixture = mixFamilies([family, one]);
  const starts = [0, 1, 2, 3].map((index) => {
    const theta = new Float32Array(coordinates);
    mixture.sample(0, 'episode', index).initialize(theta);
    return theta;
  });
  expect(starts.map((theta) => theta.every((value) => value === 0))).toEqual([false, true, false, true]);
  expect(starts[2]).not.toEqual(starts[0]);
  expect(() => mixture.sample(0, 'evaluation')).toThrow(/named by its number.*"evaluation"/);
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

describe('meta-training', () => {
  const settings: MetaTrainingSettings = {
    seed: 2,
    episodes: 4,
    horizonSteps: 10,
    unrollSteps: 5,
    metaLearningRate: 0.01,
    metaLearningRateSchedule: 'cosine',
    averagingDecay: 0.9,
    lossWeights: 'every-step',
    backpropagatedPerTensor: 100,
    validationIntervalEpisodes: 2,
    validationProblems: 1,
  };

  /** The same problems, but for what `change` does in the episodes of training. */
  const changed = (
    change: (loss: number, episode: number, step: number, gradient: Float32Array) => number,
  ): ProblemFamily => ({
    ...family,
    sample(seed, ...names) {
      const problem = family.sample(seed, ...names);
      return {
        ...problem,
        lossAndGradient(theta, step, gradient) {
          const loss = problem.lossAndGradient(theta, step, gradient);
          return names[0] === 'episode' ? change(loss, Number(names[1]), step, gradient) : loss;
        },
      };
    },
  });

  async function trainOn(
    optimizees: ProblemFamily,
    robust: RobustTrainingSettings = {},
    checkpoint?: Checkpoint,
    onBackward: (updateGradients: Float32Array) => void = () => {},
  ) {
    const network = await createOptimizerNetwork(
      {
        preprocessing: { kind: 'prepared' },
        hiddenUnits: 4,
        outputScale: 1,
        normalisation: {
          meanDecay: 0.9,
          meanSquareDecay: 0.999,
          secondInput: 'relative-magnitude',
          update: { kind: 'step-size', rate: 0.03, decaySteps: 100 },
        },
      },
      { coordinates, unrollSteps: 5, threads: 1, backend: 'wasm-plain', startTensorFlow: async () => {} },
    );
    const watched: typeof network = {
      ...network,
      backward(updateGradients, selected) {
        onBackward(updateGradients.slice());
        return network.backward(updateGradients, selected);
      },
    };
    const saved: Checkpoint[] = [];
    const result = await metaTrain({ ...settings, robust }, optimizees, watched, {
      checkpoint,
      checkpointDue: () => true,
      saveCheckpoint: async (next) => {
        saved.push({ ...next, state: JSON.parse(JSON.stringify(next.state)) });
      },
      progress: () => {},
      breathe: async () => {},
    });
    return { result, saved };
  }

  test('takes gradients that are not finite for zero, counts them, and keeps the count over a resume', async () => {
    const poisoned = changed((loss, episode, step, gradient) => {
      if (step === 3 && episode % 2 === 1) gradient.fill(Number.NaN, 4, 6);
      if (step === 1 && episode === 0) gradient[0] = Number.POSITIVE_INFINITY;
      return loss;
    });
    const { result, saved } = await trainOn(poisoned);
    expect(result.zeroedGradients).toBe(2 * 2 + 1);
    expect(result.skippedUpdates).toBe(0);
    expect(result.parameters.every(Number.isFinite)).toBe(true);
    expect((await trainOn(poisoned, {}, saved[1])).result).toEqual(result);
  });

  test('leaves an episode whose loss is not finite, and counts the updates that it would have made', async () => {
    const { result } = await trainOn(changed((loss, episode, step) => (episode === 1 && step > 2 ? Number.NaN : loss)));
    expect(result.skippedUpdates).toBe(2);
    expect(result.appliedUpdates).toBe(6);
    expect(result.history.map(({ metaLoss }) => metaLoss === null)).toEqual([false, true, false, false]);
    expect(result.parameters.every(Number.isFinite)).toBe(true);
  });

  test('has no artifact where validation never ends with a finite loss', async () => {
    const lost: ProblemFamily = {
      ...family,
      sample: (...names) => ({ ...family.sample(...names), lossAndGradient: () => Number.NaN }),
    };
    await expect(trainOn(lost)).rejects.toThrow(MetaTrainingDiverged);
    await expect(trainOn(lost)).rejects.toThrow(/8 updates were skipped/);
  });

  test('a shortened meta-gradient keeps one exploding loss from deciding everything', async () => {
    const exploding = changed((loss, episode, _, gradient) => {
      if (episode === 0) for (let i = 0; i < coordinates; i++) gradient[i]! *= 1e15;
      return loss;
    });
    const squares = (run: Awaited<ReturnType<typeof trainOn>>) =>
      Math.max(...(run.saved[0]!.tensors.meanSquare!.data as Float32Array));
    expect(squares(await trainOn(exploding))).toBeGreaterThan(1e10);
    // Adam's second moment after two updates of norm 1 at most.
    expect(squares(await trainOn(exploding, { metaGradientNorm: 1 }))).toBeLessThan(0.002001);
  });

  test('a logarithmic meta-loss divides by the loss, and a counted share leaves out what comes before', async () => {
    const fed: Float32Array[] = [];
    const simple = changed((_, __, step, gradient) => {
      gradient.fill(1);
      return step;
    });
    await trainOn(simple, { metaLoss: 'log', countedShare: 0.4 }, undefined, (rows) => fed.push(rows));
    // The first window's losses are f(θ_2) … f(θ_6) = 2 … 6, of which the last two count.
    const rows = Array.from({ length: 5 }, (_, step) => fed[0]![step * coordinates]!);
    for (const [step, expected] of [1 / 5 + 1 / 6, 1 / 5 + 1 / 6, 1 / 5 + 1 / 6, 1 / 5 + 1 / 6, 1 / 6].entries()) {
      expect(rows[step]).toBeCloseTo(expected, 6);
    }
  });

  test('a curriculum decides how long an episode is, and validation looks at the steps that it names', async () => {
    const lengths = [0, 0, 0, 0];
    const counting = changed((loss, episode) => {
      lengths[episode]! += 1;
      return loss;
    });
    const robust = { curriculum: [{ episodes: 3, horizonSteps: 5 }], validationSteps: [4, 20] };
    const { result } = await trainOn(counting, robust);
    expect(lengths).toEqual([6, 6, 6, 11]);
    expect(result.appliedUpdates).toBe(3 + 2);
    const { result: same } = await trainOn(counting, { ...robust, validationSteps: [4] });
    const { result: long } = await trainOn(counting, { ...robust, validationSteps: [20] });
    const last = ({ history }: typeof result) => history.at(-1)!.validationLoss!;
    expect(last(result)).toBeCloseTo(Math.sqrt(last(same) * last(long)), 6);
  });

  test('imitation changes what is fed back', async () => {
    const without: Float32Array[] = [];
    const withIt: Float32Array[] = [];
    await trainOn(family, {}, undefined, (rows) => without.push(rows));
    const imitation = { weight: 1, learningRate: 0.03 };
    await trainOn(family, { imitation }, undefined, (rows) => withIt.push(rows));
    expect(withIt[0]).not.toEqual(without[0]);
    expect(withIt[0]!.length).toBe(without[0]!.length);
  });
});
