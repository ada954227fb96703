import { describe, expect, test } from 'vitest';
import { initMetaOptimizer, updateMetaOptimizer } from '../../lib/learned-optimizers/meta-optimizer.ts';
import { type MetaTrainingSettings, metaTrain } from '../../lib/learned-optimizers/meta-training.ts';
import { traceLosses } from '../../lib/learned-optimizers/optimize.ts';
import {
  createOptimizerNetwork,
  initializeParameters,
  joinParameters,
  type NetworkSettings,
  runNetwork,
} from '../../lib/learned-optimizers/optimizer-network.ts';
import { splitTensors } from '../../lib/learned-optimizers/parameter-tensors.ts';
import type { ProblemFamily } from '../../lib/learned-optimizers/problems/problem.ts';
import { createQuadratics } from '../../lib/learned-optimizers/problems/quadratics.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import type { Checkpoint } from '../../lib/pipeline/context.ts';

const network: NetworkSettings = { preprocessing: { kind: 'identity', scale: 1 }, hiddenUnits: 8, outputScale: 1 };
const settings: MetaTrainingSettings = {
  seed: 4,
  episodes: 6,
  horizonSteps: 10,
  unrollSteps: 5,
  metaLearningRate: 0.01,
  metaLearningRateSchedule: 'cosine',
  averagingDecay: 0.9,
  lossWeights: 'every-step',
  backpropagatedPerTensor: 30,
  validationIntervalEpisodes: 2,
  validationProblems: 2,
};
const family = createQuadratics({ distribution: 'standard', functions: 4, dimensions: 10 });
const breathe = async () => {};

async function trainIt(
  changes: {
    readonly threads?: number;
    readonly checkpoint?: Checkpoint;
    readonly family?: ProblemFamily;
    readonly settings?: Partial<MetaTrainingSettings>;
    /** Dies right after this checkpoint. */
    readonly dieAt?: number;
  } = {},
) {
  const saved: Checkpoint[] = [];
  const optimizees = changes.family ?? family;
  const { coordinates } = optimizees;
  const lstm = await createOptimizerNetwork(network, {
    coordinates,
    unrollSteps: 5,
    threads: changes.threads ?? 1,
    backend: 'wasm-plain',
    startTensorFlow: async () => {},
  });
  try {
    const result = await metaTrain({ ...settings, ...changes.settings }, optimizees, lstm, {
      checkpoint: changes.checkpoint,
      checkpointDue: () => true,
      async saveCheckpoint(checkpoint) {
        // Through JSON, as the store would.
        saved.push({ ...checkpoint, state: JSON.parse(JSON.stringify(checkpoint.state)) });
        if (checkpoint.step === changes.dieAt) throw new Error('killed');
      },
      progress: () => {},
      breathe,
    });
    return { result, saved };
  } catch (error) {
    if ((error as Error).message !== 'killed') throw error;
    return { result: undefined, saved };
  } finally {
    lstm.dispose();
  }
}

describe('meta-training', () => {
  test('lowers the validation loss', async () => {
    const { result, saved } = await trainIt({
      settings: { episodes: 60, validationIntervalEpisodes: 1, metaLearningRate: 0.02 },
    });
    const validations = result!.history.map((row) => row.validationLoss!);
    expect(result!.validationLoss).toBe(Math.min(...validations));
    expect(result!.history[result!.bestEpisode - 1]!.validationLoss).toBe(result!.validationLoss);
    // It was the average that was validated, and it is what is kept.
    expect(result!.parameters).toEqual(saved[result!.bestEpisode - 1]!.tensors.average!.data);
    expect(result!.validationLoss).toBeLessThan(0.7 * validations[0]!);
    expect(result!.appliedUpdates).toBe(120);
  });

  test('goes on from any checkpoint to the same bits', async () => {
    const { result: undisturbed } = await trainIt();
    for (const dieAt of [1, 2, 5]) {
      const { result, saved } = await trainIt({ dieAt });
      expect(result).toBeUndefined();
      const resumed = await trainIt({ checkpoint: saved.at(-1)! });
      expect(resumed.result).toEqual(undisturbed);
      expect(resumed.saved[0]!.step).toBe(dieAt + 1);
    }
  });

  test('gives the same bits over one and two threads, and others for another seed', async () => {
    const one = await trainIt({ threads: 1 });
    const two = await trainIt({ threads: 2 });
    expect(two.result).toEqual(one.result);
    const other = await trainIt({ settings: { seed: 5 } });
    expect(other.result!.parameters).not.toEqual(one.result!.parameters);
  });

  test('sums each of the points θ_2 … θ_{T+1} once into the meta-loss', async () => {
    const steps: number[] = [];
    const counting: ProblemFamily = {
      ...family,
      sample: (...names) => {
        const problem = family.sample(...names);
        return {
          ...problem,
          lossAndGradient(theta, step, gradient) {
            problem.lossAndGradient(theta, step, gradient);
            if (names[1] !== 'episode') return 1;
            steps.push(step);
            return step;
          },
        };
      },
    };
    const { result } = await trainIt({ family: counting, settings: { episodes: 1 } });
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(result!.history[0]!.metaLoss).toBe((2 + 11) / 2);
  });

  test('with the loss weights 1[t = T] only the last window has a gradient', async () => {
    const { saved } = await trainIt({
      settings: { episodes: 1, lossWeights: 'final-step', metaLearningRateSchedule: 'constant' },
    });
    // A first update on a gradient of zeros moves nothing, and Adam's second moment is the last window's alone.
    const { mean, meanSquare } = saved[0]!.tensors;
    const last = mean!.data.findIndex((value) => value !== 0);
    expect(meanSquare!.data[last]! / ((mean!.data[last]! / 0.1) ** 2 * 0.001)).toBeCloseTo(1, 4);
  });

  test('feeds back suffix sums of the selected coordinates, each weighted by what it stands for', async () => {
    const fed: { updateGradients: Float32Array; selected: Int32Array }[] = [];
    const lstm = await createOptimizerNetwork(network, {
      coordinates: 40,
      unrollSteps: 5,
      threads: 1,
      backend: 'wasm-plain',
      startTensorFlow: async () => {},
    });
    const watched: typeof lstm = {
      ...lstm,
      backward(updateGradients, selected) {
        fed.push({ updateGradients, selected: selected! });
        return lstm.backward(updateGradients, selected);
      },
    };
    // ∇f(θ_s) = s + coordinate, whatever θ.
    const counting: ProblemFamily = {
      ...family,
      sample: () => ({
        initialize: (theta) => theta.fill(0),
        lossAndGradient(_theta, step, gradient) {
          for (let k = 0; k < gradient.length; k++) gradient[k] = step + k;
          return 1;
        },
      }),
    };
    await metaTrain({ ...settings, episodes: 1 }, counting, watched, {
      checkpoint: undefined,
      checkpointDue: () => false,
      saveCheckpoint: async () => {},
      progress: () => {},
      breathe,
    });
    lstm.dispose();
    expect(fed).toHaveLength(2);
    expect(fed[0]!.selected).toHaveLength(30);
    expect(fed[1]!.selected).not.toEqual(fed[0]!.selected);
    for (const [window, { updateGradients, selected }] of fed.entries()) {
      for (let t = 1; t <= 5; t++) {
        for (const [k, coordinate] of selected.entries()) {
          // Σ over the window's points after step t, times 40 / 30.
          let sum = 0;
          for (let s = t + 1; s <= 6; s++) sum += 5 * window + s + coordinate;
          expect(updateGradients[(t - 1) * 30 + k]).toBeCloseTo((sum * 40) / 30, 3);
        }
      }
    }
  });

  test('skips and counts what is not finite, and says when nothing is left', async () => {
    const broken = (from: number): ProblemFamily => ({
      ...family,
      sample: (...names) => {
        const problem = family.sample(...names);
        const isBroken = names[1] === 'validation' ? from === 0 : (names[2] as number) >= from;
        return {
          ...problem,
          lossAndGradient(theta, step, gradient) {
            const loss = problem.lossAndGradient(theta, step, gradient);
            if (!isBroken || step < 3) return loss;
            gradient.fill(Number.NaN);
            return Number.NaN;
          },
        };
      },
    });
    const { result } = await trainIt({ family: broken(4) });
    expect(result).toMatchObject({ appliedUpdates: 8, skippedUpdates: 4 });
    expect(result!.history.map((row) => row.metaLoss === null)).toEqual([false, false, false, false, true, true]);
    expect(result!.parameters.every(Number.isFinite)).toBe(true);
    await expect(trainIt({ family: broken(0) })).rejects.toThrow('No validation of 6 episodes of meta-training ended');
  });
});

test('the meta-optimizer is Adam on a cosine, with an average beside it', () => {
  const state = initMetaOptimizer(Float32Array.of(1, -1));
  const cosine = { learningRate: 0.1, schedule: 'cosine', averagingDecay: 0.75, updates: 4 } as const;
  updateMetaOptimizer(state, Float32Array.of(3, -0.5), cosine);
  // Adam's first step has the size of its rate, whatever the gradient.
  expect(state.parameters[0]).toBeCloseTo(0.9, 6);
  expect(state.parameters[1]).toBeCloseTo(-0.9, 6);
  expect(state.average[0]).toBeCloseTo(0.975, 6);
  updateMetaOptimizer(state, Float32Array.of(Number.NaN, 1), cosine);
  expect([state.applied, state.skipped]).toEqual([1, 1]);
  expect(state.parameters[0]).toBeCloseTo(0.9, 6);
  updateMetaOptimizer(state, Float32Array.of(3, -0.5), cosine);
  // Half way down the cosine: the skipped update counts.
  expect(state.parameters[0]).toBeCloseTo(0.85, 6);
});

test.each([
  ['constant', [0.1, 0.1, 0.1, 0.1]],
  ['cosine', [0.1, 0.0853553, 0.05, 0.0146447]],
  ['late-cosine', [0.1, 0.1, 0.1, 0.05]],
] as const)('the schedule %s', (schedule, rates) => {
  const state = initMetaOptimizer(Float32Array.of(0));
  let before = 0;
  for (const rate of rates) {
    // The same gradient each time: Adam's steps have the size of its rate.
    updateMetaOptimizer(state, Float32Array.of(-1), { learningRate: 0.1, schedule, averagingDecay: 0, updates: 4 });
    expect(state.parameters[0]! - before).toBeCloseTo(rate, 5);
    before = state.parameters[0]!;
  }
});

describe('the network, as the paper says', () => {
  const coordinates = 30;
  const create = async (change?: (parameters: Float32Array, byName: { offset: number }) => void) => {
    const lstm = await createOptimizerNetwork(network, {
      coordinates,
      unrollSteps: 1,
      threads: 1,
      backend: 'wasm-plain',
      startTensorFlow: async () => {},
    });
    const parameters = initializeParameters(lstm.layout, randomStream(6));
    change?.(parameters, lstm.layout.byName['output/kernel']);
    lstm.setParameters(parameters);
    return { lstm, parameters };
  };
  const gradients = new Float32Array(coordinates).map((_, k) => Math.sin(k * k));

  test('a zero output layer makes no update', async () => {
    const { lstm } = await create((parameters, { offset }) => parameters.fill(0, offset));
    const problems = createQuadratics({ distribution: 'normal-start', functions: 3, dimensions: 10 });
    const losses = await traceLosses(problems.sample(1, 'still'), runNetwork(lstm), coordinates, 5, breathe);
    expect(new Set(losses).size).toBe(1);
    lstm.dispose();
  });

  test('permuting the coordinates permutes the updates', async () => {
    const { lstm } = await create();
    const order = new Int32Array(coordinates);
    randomStream(7).fillSample(order, coordinates);
    const run = (inputs: Float32Array) => {
      const theta = new Float32Array(coordinates);
      const optimizer = runNetwork(lstm);
      for (let step = 0; step < 3; step++)
        optimizer.update(
          theta,
          inputs.map((value) => value / (step + 1)),
        );
      return theta;
    };
    const plain = run(gradients);
    const permuted = run(Float32Array.from(order, (from) => gradients[from]!));
    expect(permuted).toEqual(Float32Array.from(order, (from) => plain[from]!));
    lstm.dispose();
  });

  test('initial parameters: unit forget biases, weights by the number of summands', async () => {
    const { lstm, parameters } = await create();
    const part = (name: keyof typeof lstm.layout.byName) => {
      const { offset, size } = lstm.layout.byName[name];
      return parameters.subarray(offset, offset + size);
    };
    for (const layer of ['layer-1', 'layer-2'] as const) {
      expect([...part(`${layer}/bias`)]).toEqual([...Array(8).fill(0), ...Array(8).fill(1), ...Array(16).fill(0)]);
    }
    const recurrent = part('layer-2/recurrent-kernel');
    const variance = recurrent.reduce((sum, value) => sum + value * value, 0) / recurrent.length;
    expect(variance * 16).toBeGreaterThan(0.75);
    expect(variance * 16).toBeLessThan(1.25);
    // Small enough that a fresh network's common drift is slow.
    expect(Math.max(...part('output/kernel').map(Math.abs))).toBeLessThan(0.3 / Math.sqrt(8));
    expect(part('output/kernel').every((value) => value !== 0)).toBe(true);
    lstm.dispose();
  });

  test('its artifact reads back, and anything else is refused by name', async () => {
    const { lstm, parameters } = await create();
    const tensors = splitTensors(lstm.layout, parameters);
    expect(joinParameters(network, tensors)).toEqual(parameters);
    const { 'output/bias': _, ...rest } = tensors;
    expect(() => joinParameters(network, rest)).toThrow("'output/bias' must be float32 of shape [1], and is missing");
    expect(() => joinParameters({ ...network, hiddenUnits: 12 }, tensors)).toThrow(
      "'layer-1/kernel' must be float32 of shape [1,48]",
    );
    lstm.dispose();
  });
});
