import { describe, expect, test } from 'vitest';
import {
  chooseByValidation,
  listCandidates,
  measureSearch,
  tabulateSearch,
} from '../../lib/learned-optimizers/experiments/meta-learning-rate-search.ts';
import { mnist } from '../../lib/learned-optimizers/experiments/mnist.ts';

const search = { metaLearningRate: 0.001, metaLearningRateCandidates: 200, trainingSeed: 3 };

describe('the random search over the meta-learning rate', () => {
  test('one candidate is the given rate under the plain name', () => {
    const alone = [{ trial: 'lstm', metaLearningRate: 0.001 }];
    expect(listCandidates({ ...search, metaLearningRateCandidates: 1 })).toEqual(alone);
    expect(listCandidates({ metaLearningRate: 0.001, trainingSeed: 3 })).toEqual(alone);
  });

  test('more are log-uniform within a decade either side, the same for the same seed', () => {
    const candidates = listCandidates(search);
    expect(candidates).toEqual(listCandidates(search));
    expect(candidates[7]!.trial).toBe('lstm/candidate-7');
    // A longer search tries what a shorter one tried, and more.
    expect(listCandidates({ ...search, metaLearningRateCandidates: 5 })).toEqual(candidates.slice(0, 5));
    const exponents = candidates.map(({ metaLearningRate }) => Math.log10(metaLearningRate));
    expect(Math.min(...exponents)).toBeGreaterThan(-4.01);
    expect(Math.max(...exponents)).toBeLessThan(-1.99);
    // Uniform on [−4, −2]: a quarter in each half decade, give or take three standard deviations.
    for (let quarter = 0; quarter < 4; quarter++) {
      const count = exponents.filter((value) => Math.floor(2 * (value + 4)) === quarter).length;
      expect(Math.abs(count - 50)).toBeLessThan(19);
    }
    expect(listCandidates({ ...search, trainingSeed: 4 })).not.toEqual(candidates);
  });

  const models = (losses: Record<string, string | undefined>) => ({
    model: async (trial: string) => ({
      tensors: {},
      metadata: { trial, ...(losses[trial] === undefined ? {} : { validationLoss: losses[trial] }) },
      metrics: [],
    }),
  });

  test('takes the lowest validation loss, past those that diverged', async () => {
    const { model, validationLosses } = await chooseByValidation(
      ['a', 'b', 'c'],
      models({ a: 'Infinity', b: '0.5', c: '0.25' }),
    );
    expect(model.metadata.trial).toBe('c');
    expect(validationLosses).toEqual([Number.POSITIVE_INFINITY, 0.5, 0.25]);
  });

  test('says so where all diverged, or one is no candidate', async () => {
    await expect(chooseByValidation(['a', 'b'], models({ a: 'Infinity', b: 'Infinity' }))).rejects.toThrow(
      'None of the 2 candidates of the search over the meta-learning rate (a, b)',
    );
    await expect(chooseByValidation(['a', 'b'], models({ a: '1' }))).rejects.toThrow('it has no validation loss');
  });

  test('is reported by ascending rate', () => {
    const candidates = [0.003, 0.001, 0.01].map((metaLearningRate, index) => ({ trial: `${index}`, metaLearningRate }));
    const model = { tensors: {}, metadata: {}, metrics: [] };
    const chosen = { model, validationLosses: [0.3, 0.2, Number.POSITIVE_INFINITY] };
    const rows = measureSearch(candidates, chosen, 'lstm', 'nats');
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
    expect(tabulateSearch(rows)[0]!.rows).toEqual([
      [0.001, 0.2, 'chosen'],
      [0.003, 0.3, ''],
      [0.01, 'diverged', ''],
    ]);
    expect(tabulateSearch([])).toEqual([]);
  });
});

describe('a plan', () => {
  const laptop = mnist.presets.laptop;

  test('without a search has the trial that earlier versions had: its artifact is found', () => {
    expect(mnist.plan(laptop)[0]).toEqual({
      name: 'lstm',
      kind: 'lstm',
      cpus: 2,
      problem: { hidden: [20], activation: 'sigmoid', batchSize: 128, initialDeviation: 0.01 },
      network: { preprocessing: { kind: 'log-sign', p: 10 }, hiddenUnits: 20, outputScale: 0.1 },
      metaTraining: {
        seed: 0,
        episodes: 700,
        horizonSteps: 100,
        unrollSteps: 20,
        metaLearningRate: 0.006,
        metaLearningRateSchedule: 'late-cosine',
        averagingDecay: 0.97,
        lossWeights: 'every-step',
        backpropagatedPerTensor: 2000,
        validationIntervalEpisodes: 50,
        validationProblems: 4,
      },
    });
  });

  test('with one trains every candidate with a rate of its own, and each evaluation reads all of them', () => {
    const params = { ...laptop, metaLearningRateCandidates: 3, patienceValidations: 2 };
    const learned = mnist.plan(params).filter((trial) => trial.kind === 'lstm');
    expect(learned.map(({ name }) => name)).toEqual(['lstm/candidate-0', 'lstm/candidate-1', 'lstm/candidate-2']);
    for (const { metaTraining } of learned) {
      expect(metaTraining).toMatchObject({ patienceValidations: 2, mayDiverge: true });
      expect(metaTraining.metaLearningRate).toBeGreaterThan(0.0006 * 0.99);
      expect(metaTraining.metaLearningRate).toBeLessThan(0.06 * 1.01);
    }
    const [evaluation] = mnist.evaluations(params, []);
    expect(evaluation).toMatchObject({ name: 'lstm/seeds-0-to-4', trials: learned.map(({ name }) => name) });
    expect(evaluation!.metaLearningRates).toEqual(learned.map(({ metaTraining }) => metaTraining.metaLearningRate));
  });
});
