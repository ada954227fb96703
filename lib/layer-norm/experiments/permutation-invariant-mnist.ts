/** §6.6: layer against batch normalization in a feed-forward network, with minibatches of 128 and of 4. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type PerceptronTrial, train } from '../training/permutation-invariant-mnist.ts';
import { evaluatePerceptrons, type PerceptronEvaluation, subjectOf } from './evaluate-permutation-invariant-mnist.ts';
import { normalizations, summarizePerceptrons } from './summarize-permutation-invariant-mnist.ts';

const rate = z.number().min(1e-6).max(1);
const ratePair = z.tuple([rate, rate]);

const params = z
  .strictObject({
    /** Each is another initialization and order of the images, the same for all networks. */
    seeds: z.number().int().min(1).max(100),
    /** Units of each hidden layer; the paper has 1000 in both. */
    hiddenUnits: z.array(z.number().int().min(4).max(4096).multipleOf(4)).min(1).max(5),
    /** Images of the larger and of the smaller minibatch. */
    batchSizes: z.tuple([z.number().int().min(2).max(1024), z.number().int().min(2).max(1024)]),
    /** Adam's, each network's own, with the larger and with the smaller minibatches. */
    learningRates: z.strictObject({ layer: ratePair, batch: ratePair, none: ratePair }),
    /** The rates fall as η (1 − t/T)^ratePower, to 0 at the last update; with 0 they are constant. */
    ratePower: z.number().min(0).max(4),
    epochs: z.number().int().min(1).max(1000),
    /** How often in an epoch the curves are measured. */
    validationsPerEpoch: z.number().int().min(1).max(100),
    /** Images that are trained on, the first so many; the paper's are 55,000. */
    trainingImages: z.number().int().min(1024).max(55_000),
    /** Of these, the first so many are the training curve's. */
    scoredTrainingImages: z.number().int().min(100).max(55_000),
    /** ε in √(variance + ε), of both normalizations. */
    epsilon: z.number().min(0).max(0.1),
    /** How much of batch normalization's running statistics an update keeps. */
    runningDecay: z.number().min(0).max(1).lt(1),
  })
  .refine(({ batchSizes: [large, small] }) => large > small, {
    path: ['batchSizes'],
    error: 'batchSizes are the larger one and the smaller one, in this order',
  });
export type PerceptronParams = z.infer<typeof params>;

const paper: PerceptronParams = {
  seeds: 5,
  hiddenUnits: [1000, 1000],
  batchSizes: [128, 4],
  learningRates: { layer: [0.001, 0.0001], batch: [0.001, 0.0003], none: [0.001, 0.0003] },
  ratePower: 1,
  epochs: 60,
  validationsPerEpoch: 2,
  trainingImages: 55_000,
  scoredTrainingImages: 10_000,
  epsilon: 1e-5,
  runningDecay: 0.99,
};
const laptop: PerceptronParams = {
  ...paper,
  seeds: 3,
  hiddenUnits: [256, 256],
  epochs: 10,
  scoredTrainingImages: 5000,
};

export const permutationInvariantMnist = defineExperiment<PerceptronParams, PerceptronTrial, PerceptronEvaluation>({
  name: 'layer-norm/permutation-invariant-mnist',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§6.6, Figure 6' },
  claim:
    'In a perceptron on MNIST’s pixels, layer normalization of the hidden layers is robust to the size of the minibatch and trains faster than batch normalization of all layers.',
  deviations: [
    'The paper names Adam and no learning rate: here 0.001 with minibatches of 128, and with those of 4 each network’s own best validation error of 0.0003 and 0.0001, found at 256 units a layer, which is 0.0001 for layer normalization and 0.0003 for the others; at 0.001 one epoch left all of them far behind.',
    'Nor does it say whether the rate stays: here it falls linearly to 0 (`ratePower` 1) for all networks. At constant rates (`--set ratePower=0`) and 10 epochs layer normalization ends at 2.14 % (128) and 2.02 % (4), batch normalization at 1.84 % and 3.01 %.',
    'Nor does it say how weights start: here from N(0, 2 / inputs), in the last layer from N(0, 1 / inputs), the same for all networks, gains at 1, biases at 0.',
    'ε is 1e-5 inside the root for both normalizations, and batch normalization’s running statistics keep 0.99 an update: the paper gives neither.',
    'An epoch of minibatches of 128 leaves out the last 88 images of its order.',
    'A network that is not normalised is a third line; it is not in the paper’s figure.',
    'The training curve is that of the first 5000 (laptop) or 10,000 training images, as in a test: batch normalization goes by its running statistics.',
    'The laptop preset has 256 units in each hidden layer, and 10 epochs; `overnight` and `paper` have the paper’s 1000 and 60.',
  ],
  params,
  presets: {
    smoke: { ...laptop, seeds: 1, hiddenUnits: [16], epochs: 2, trainingImages: 1024, scoredTrainingImages: 500 },
    laptop,
    overnight: { ...paper, seeds: 3 },
    paper,
  },
  datasets: [{ name: 'mnist' }],
  module: 'lib/layer-norm/experiments/permutation-invariant-mnist.ts',
  trainingModule: 'lib/layer-norm/training/permutation-invariant-mnist.ts',

  // The longest first: two cores then end at about the same time.
  plan: (params) =>
    [1, 0].flatMap((size) =>
      seedsOf(params).flatMap((seed) =>
        normalizations.map((normalization): PerceptronTrial => {
          const { hiddenUnits, epochs, validationsPerEpoch, trainingImages, scoredTrainingImages } = params;
          const batchSize = params.batchSizes[size]!;
          return {
            name: `${subjectOf(batchSize, normalization)}/seed-${seed}`,
            cpus: 1,
            normalization,
            seed,
            hiddenUnits,
            batchSize,
            epochs,
            validationsPerEpoch,
            trainingImages,
            scoredTrainingImages,
            learningRate: params.learningRates[normalization][size]!,
            ratePower: params.ratePower,
            epsilon: params.epsilon,
            // "For the smaller batch-size, the variance term for batch normalization is computed using the unbiased estimator."
            batchVariance: size === 1 ? 'unbiased' : 'biased',
            runningDecay: params.runningDecay,
          };
        }),
      ),
    ),
  train,

  evaluations: (params, trials) => [
    ...trials.map((trial) => ({ name: trial.name, trials: [trial.name], kind: 'curves' as const, trial })),
    ...params.batchSizes.map((batchSize) => {
      const timed = trials.filter((trial) => trial.seed === 0 && trial.batchSize === batchSize);
      const names = timed.map(({ name }) => name);
      return { name: `seconds/batch-${batchSize}`, trials: names, kind: 'seconds' as const, timed };
    }),
  ],
  evaluate: evaluatePerceptrons,
  summarize: summarizePerceptrons,

  work(params) {
    const { hiddenUnits, batchSizes, trainingImages, epochs, seeds, validationsPerEpoch, scoredTrainingImages } =
      params;
    const sizes = [784, ...hiddenUnits, 10];
    const weights = sizes.slice(1).reduce((sum, units, index) => sum + units * sizes[index]!, 0);
    // Three products an image at 12 ns a thousand multiply-adds, an update of Adam at 0.5 ns a weight, 20 µs for the rest.
    const epochSeconds = (batchSize: number) =>
      (trainingImages / batchSize) * (weights * (batchSize * 3.6e-11 * 3 + 5e-10) + 2e-5 + batchSize * 2e-6);
    const scored = validationsPerEpoch * (scoredTrainingImages + 15_000) * (weights * 4e-11 + 2e-6);
    const trials = normalizations.length * seeds;
    const perEpoch = batchSizes.reduce((sum, batchSize) => sum + epochSeconds(batchSize) + scored, 0);
    return {
      trainingCoreSeconds: trials * epochs * perEpoch + 2 * trials,
      evaluationCoreSeconds: trials * (2 + 55_000 * (weights * 1.2e-10 + 2e-6)),
    };
  },
});

function seedsOf({ seeds }: PerceptronParams): readonly number[] {
  return Array.from({ length: seeds }, (_, seed) => seed);
}
