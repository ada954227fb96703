import { describe, expect, test } from 'vitest';
import { type BaselineName, baselineNames, startBaseline } from '../../lib/learned-optimizers/baselines.ts';
import { traceLosses } from '../../lib/learned-optimizers/optimize.ts';
import type { Problem } from '../../lib/learned-optimizers/problems/problem.ts';
import { createQuadratics } from '../../lib/learned-optimizers/problems/quadratics.ts';
import { type TriedRates, tuneLearningRate } from '../../lib/learned-optimizers/tune-learning-rate.ts';
import golden from '../golden/torch7-optimizers.json' with { type: 'json' };

const breathe = async () => {};

function goldenProblem(scale: number): Problem {
  const { w, y, start } = golden;
  return {
    initialize: (theta) => theta.set(start),
    lossAndGradient(theta, _step, gradient) {
      const residual = w.map((row, r) => row.reduce((sum, value, c) => sum + value * theta[c]!, -y[r]!));
      for (let c = 0; c < theta.length; c++) {
        gradient[c] = 2 * scale * residual.reduce((sum, value, r) => sum + value * w[r]![c]!, 0);
      }
      return scale * residual.reduce((sum, value) => sum + value * value, 0);
    },
  };
}

describe('Torch7 semantics, against an independent computation', () => {
  test.each(['sgd', 'nag', 'rmsprop', 'adam', 'rmspropTiny', 'adamTiny'] as const)('%s', async (name) => {
    const { learningRate, scale, losses, theta } = golden[name];
    const optimizer = startBaseline(name.replace('Tiny', '') as BaselineName, 4, learningRate);
    let last = new Float32Array();
    const watched: typeof optimizer = {
      ...optimizer,
      update(point, gradient) {
        optimizer.update(point, gradient);
        last = point.slice();
      },
    };
    // One step more, so that the last update is made too.
    const traced = await traceLosses(goldenProblem(scale), watched, 4, losses.length + 1, breathe);
    for (const [step, loss] of losses.entries()) expect(Math.abs(traced[step]! / loss - 1)).toBeLessThan(2e-5);
    for (const [k, value] of theta.entries()) expect(last[k]).toBeCloseTo(value, 4);
  });
});

test('each tuned baseline reaches its known loss at step 100 of the standard quadratics, within 5 %', async () => {
  // Means over 2,000 functions scatter by 5 % themselves; these are over 5,000, tuned on as many others.
  const known = { adam: 0.333, rmsprop: 0.647, sgd: 0.867, nag: 0.404 };
  const family = createQuadratics({ distribution: 'standard', functions: 1000, dimensions: 10 });
  const { coordinates } = family;
  for (const optimizer of baselineNames) {
    const problems = Array.from({ length: 5 }, (_, index) => family.sample(0, 'tuning', index));
    const tuned = await tuneLearningRate({ optimizer, problems, coordinates, horizonSteps: 100, breathe });
    let sum = 0;
    for (let seed = 0; seed < 5; seed++) {
      const running = startBaseline(optimizer, coordinates, tuned.learningRate);
      sum += (await traceLosses(family.sample(seed, 'evaluation'), running, coordinates, 100, breathe))[99]!;
    }
    expect(Math.abs(sum / 5 / known[optimizer] - 1), `${optimizer}: ${sum / 5}`).toBeLessThan(0.05);
  }
});

test('the gradient of the quadratics is the slope of each function', () => {
  for (const distribution of ['standard', 'normal-start', 'uniform'] as const) {
    const family = createQuadratics({ distribution, functions: 3, dimensions: 4 });
    const problem = family.sample(1, 'slope');
    const theta = new Float32Array(12).map((_, k) => k / 4 - 1);
    const gradient = new Float32Array(12);
    const scratch = new Float32Array(12);
    problem.lossAndGradient(theta, 1, gradient);
    for (let k = 0; k < 12; k++) {
      const at = (shift: number) => problem.lossAndGradient(theta.with(k, theta[k]! + shift), 1, scratch);
      // A quadratic's central difference is exact at any width; the loss is the mean over three functions.
      expect((3 * (at(0.5) - at(-0.5))) / gradient[k]!).toBeCloseTo(1, 4);
    }
  }
});

test('the distributions start where they should', () => {
  const gradient = new Float32Array(20_000);
  const start = (distribution: 'standard' | 'normal-start' | 'uniform') => {
    const problem = createQuadratics({ distribution, functions: 2000, dimensions: 10 }).sample(2, 'start');
    const theta = new Float32Array(20_000);
    problem.initialize(theta);
    return problem.lossAndGradient(theta, 1, gradient);
  };
  expect(start('standard') / 10).toBeCloseTo(1, 1);
  expect(start('normal-start') / 109).toBeCloseTo(1, 1);
  expect(start('uniform') / 3.34).toBeCloseTo(1, 1);
});

describe('tuning', () => {
  /** Loss at the horizon as a function of the rate: gradient descent on one parabola is best at its inverse curvature. */
  const parabola = (curvature: number): Problem => ({
    initialize: (theta) => theta.fill(1),
    lossAndGradient(theta, _step, gradient) {
      gradient[0] = curvature * theta[0]!;
      return (curvature / 2) * theta[0]! ** 2;
    },
  });
  const tune = (...curvatures: number[]) =>
    tuneLearningRate({
      optimizer: 'sgd',
      problems: curvatures.map(parabola),
      coordinates: 1,
      horizonSteps: 2,
      breathe,
    });

  test.each([0.003, 0.7, 2e3, 2e5])('finds the best rate for curvature %s, also beyond the grid', async (curvature) => {
    const { learningRate, grid } = await tune(curvature);
    expect(Math.abs(Math.log10(learningRate * curvature))).toBeLessThan(1 / 16);
    expect(grid.map((row) => row.learningRate)).toEqual([...grid.map((row) => row.learningRate)].sort((a, b) => a - b));
  });

  test.each([0.003, 0.7, 1, 1.3, 2, 3, 2e5])(
    'goes on from any rate to the same rates and losses: curvature %s',
    async (curvature) => {
      const task = {
        optimizer: 'sgd',
        problems: [parabola(curvature)],
        coordinates: 1,
        horizonSteps: 2,
        breathe,
      } as const;
      const kept: TriedRates[] = [];
      const keep = async (tried: TriedRates) => void kept.push(tried);
      const undisturbed = await tuneLearningRate({ ...task, keep });
      for (const tried of kept) {
        const later: TriedRates[] = [];
        const resumed = await tuneLearningRate({ ...task, tried, keep: async (all) => void later.push(all) });
        expect(resumed).toEqual(undisturbed);
        expect(later).toEqual(kept.slice(tried.length));
      }
    },
  );

  test('counts a rate as diverged where it diverges on one problem', async () => {
    const { learningRate } = await tune(1, 100);
    expect(learningRate).toBeLessThan(2 / 100);
  });

  test('says when every rate diverges', async () => {
    await expect(tune(Number.NaN)).rejects.toThrow('every learning rate from');
  });
});
