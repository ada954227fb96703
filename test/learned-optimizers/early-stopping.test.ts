import { describe, expect, test } from 'vitest';
import { type MetaTrainingSettings, metaTrain } from '../../lib/learned-optimizers/meta-training.ts';
import { createOptimizerNetwork } from '../../lib/learned-optimizers/optimizer-network.ts';
import type { ProblemFamily } from '../../lib/learned-optimizers/problems/problem.ts';
import { createQuadratics } from '../../lib/learned-optimizers/problems/quadratics.ts';
import type { Checkpoint } from '../../lib/pipeline/context.ts';

const family = createQuadratics({ distribution: 'standard', functions: 2, dimensions: 10 });
const settings: MetaTrainingSettings = {
  seed: 1,
  episodes: 40,
  horizonSteps: 10,
  unrollSteps: 5,
  // High enough to get worse again and again.
  metaLearningRate: 0.1,
  metaLearningRateSchedule: 'constant',
  averagingDecay: 0,
  lossWeights: 'every-step',
  backpropagatedPerTensor: 20,
  validationIntervalEpisodes: 2,
  validationProblems: 1,
};

async function trainIt(
  changes: Partial<MetaTrainingSettings>,
  checkpoint?: Checkpoint,
  problems: ProblemFamily = family,
) {
  const network = await createOptimizerNetwork(
    { preprocessing: { kind: 'identity', scale: 1 }, hiddenUnits: 4, outputScale: 1 },
    { coordinates: 20, unrollSteps: 5, threads: 1, backend: 'wasm-plain', startTensorFlow: async () => {} },
  );
  const saved: Checkpoint[] = [];
  try {
    const result = await metaTrain({ ...settings, ...changes }, problems, network, {
      checkpoint,
      checkpointDue: () => true,
      saveCheckpoint: async (made) => {
        saved.push(structuredClone(made));
      },
      progress: () => {},
      breathe: async () => {},
    });
    return { result, saved };
  } finally {
    network.dispose();
  }
}

describe('early stopping', () => {
  test('ends after as many validations without a better one, and keeps the best before them', async () => {
    const whole = (await trainIt({})).result;
    const { result } = await trainIt({ patienceValidations: 3 });
    const episodes = result.history.length;
    expect(whole.history).toHaveLength(40);
    expect(episodes).toBeLessThan(40);
    expect(episodes).toBe(result.bestEpisode + 3 * 2);
    expect(result.history).toEqual(whole.history.slice(0, episodes));
    const validations = whole.history.flatMap(({ validationLoss }) => validationLoss ?? []);
    expect(result.validationLoss).toBe(Math.min(...validations.slice(0, episodes / 2)));
    // No shorter run of bad validations had ended it.
    const best = validations.map((_, index) => validations.indexOf(Math.min(...validations.slice(0, index + 1))));
    expect(best.findIndex((at, index) => index - at >= 3)).toBe(episodes / 2 - 1);
  });

  test('stops at the same episode from any checkpoint, to the same bits', async () => {
    const { result, saved } = await trainIt({ patienceValidations: 3 });
    for (const checkpoint of [saved[1]!, saved.at(-3)!, saved.at(-1)!]) {
      const resumed = await trainIt({ patienceValidations: 3 }, checkpoint);
      expect(resumed.result).toEqual(result);
    }
  });
});

test('a candidate may diverge: its loss is Infinity then, and one that is alone says so', async () => {
  const broken: ProblemFamily = {
    ...family,
    sample: (...names) => ({ ...family.sample(...names), lossAndGradient: () => Number.NaN }),
  };
  await expect(trainIt({ episodes: 2 }, undefined, broken)).rejects.toThrow('No validation of 2 episodes');
  const { result } = await trainIt({ episodes: 2, mayDiverge: true }, undefined, broken);
  expect(result.validationLoss).toBe(Number.POSITIVE_INFINITY);
  expect(result.parameters.every(Number.isFinite)).toBe(true);
});
