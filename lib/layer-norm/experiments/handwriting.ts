/** §6.5: a network that writes by hand what it is told to, with and without layer normalization. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type HandwritingTrial, train } from '../training/handwriting.ts';
import { evaluateHandwriting, type HandwritingEvaluation } from './evaluate-handwriting.ts';
import { handwritingSubjects } from './handwriting-metrics.ts';
import { summarizeHandwriting } from './summarize-handwriting.ts';

const params = z.strictObject({
  /** Each is another initialization and order of the lines, the same for both networks. */
  seeds: z.number().int().min(1).max(100),
  /** The paper: 3 layers of 400. */
  layers: z.number().int().min(1).max(10),
  units: z.number().int().min(4).max(2048).multipleOf(4),
  /** Gaussians of the window on the text; the paper: 10. */
  windowComponents: z.number().int().min(1).max(50),
  /** Bivariate Gaussians of the next offset's density; the paper: 20. */
  mixtureComponents: z.number().int().min(1).max(50),
  /** With the class of all characters that have none of their own; the paper: 57. */
  alphabetSize: z.number().int().min(2).max(200),
  /** Points that a line is cut off after. */
  sequenceLength: z.number().int().min(5).max(2000),
  batchSize: z.number().int().min(1).max(256),
  /** Lines of the writers held out that the likelihood is measured on. */
  validationLines: z.number().int().min(2).max(5000),
  updates: z.number().int().min(1).max(1_000_000),
  /** Adam's, of both networks. */
  learningRate: z.number().min(1e-6).max(1),
  validationEveryUpdates: z.number().int().min(1).max(100_000),
  /** Texts that the report shows, in both networks' hands. */
  prompts: z.array(z.string().min(1).max(60)).min(1).max(10),
  /** Towards what is likely (Graves, §5.4): 0 draws from the density as it is. */
  bias: z.number().min(0).max(10),
});
export type HandwritingParams = z.infer<typeof params>;

const paper: HandwritingParams = {
  seeds: 3,
  layers: 3,
  units: 400,
  windowComponents: 10,
  mixtureComponents: 20,
  alphabetSize: 57,
  sequenceLength: 500,
  batchSize: 8,
  validationLines: 1438,
  updates: 150_000,
  learningRate: 0.001,
  validationEveryUpdates: 1500,
  prompts: ['layer normalization', 'stepwise', 'a'],
  bias: 1,
};
const laptop: HandwritingParams = {
  ...paper,
  units: 64,
  windowComponents: 5,
  mixtureComponents: 10,
  sequenceLength: 200,
  validationLines: 48,
  updates: 300,
  learningRate: 0.01,
  validationEveryUpdates: 15,
  prompts: ['layer norm', 'stepwise', 'quick fox', 'a'],
};

export const handwriting = defineExperiment<HandwritingParams, HandwritingTrial, HandwritingEvaluation>({
  name: 'layer-norm/handwriting',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§6.5, Figure 5' },
  claim:
    'In handwriting generation, with small minibatches of very long sequences, layer normalization converges to a log likelihood comparable to the baseline’s, much faster.',
  deviations: [
    'IAM-OnDB is given to those who register with its owners: without a copy of it (--data), the lines are joined from Omniglot’s Latin letters, which people drew with a mouse (with a copy of that), or written in single-stroke fonts.',
    'Lines of Omniglot’s letters and in the fonts are random words, as many characters as the paper’s lines, and simplified (Ramer, Douglas and Peucker) to some 250 points; lines of IAM-OnDB are as they are. Each use of an Omniglot drawing varies it in size, slant and turn, and moves its points at random within their pixels.',
    'One line of eight is held out, by writer or by form; the paper has the owners’ division.',
    'Lines are cut off after 500 points (laptop: 200) and not continued in another sequence: the paper does not say which it does.',
    'Derivatives are clipped at ±10 where they leave an LSTM layer’s outputs, and in the first layer at every step, not before every gate.',
    'The paper names Adam, no learning rate and no number of updates: here both networks have the same rate, on a laptop 0.01, at which the baseline came down no less than at 0.003 and 0.02, in larger presets Adam’s default of 0.001.',
    'The window starts at the speed at which the training lines were written; the paper does not say, and at Graves’s exp(0) it would be at a text’s end after as many points as it has characters.',
    'The laptop preset has 64 units a layer, 5 Gaussians of the window and 10 of the mixture, and few updates.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      layers: 2,
      units: 8,
      windowComponents: 2,
      mixtureComponents: 2,
      sequenceLength: 12,
      batchSize: 2,
      validationLines: 4,
      updates: 4,
      validationEveryUpdates: 2,
      prompts: ['ab', 'c'],
    },
    laptop,
    overnight: {
      ...paper,
      units: 200,
      sequenceLength: 500,
      validationLines: 256,
      updates: 20_000,
      validationEveryUpdates: 400,
      prompts: laptop.prompts,
    },
    paper,
  },
  datasets: [{ name: 'handwriting' }],
  module: 'lib/layer-norm/experiments/handwriting.ts',
  trainingModule: 'lib/layer-norm/training/handwriting.ts',

  plan: (params) =>
    Array.from({ length: params.seeds }, (_, seed) => seed).flatMap((seed) =>
      handwritingSubjects.map((normalization): HandwritingTrial => {
        const { layers, units, windowComponents, mixtureComponents } = params;
        const { alphabetSize, sequenceLength, batchSize, validationLines } = params;
        const { updates, learningRate, validationEveryUpdates } = params;
        return {
          name: `${normalization}/seed-${seed}`,
          cpus: 1,
          network: { normalization, layers, units, windowComponents, mixtureComponents },
          lines: { alphabetSize, sequenceLength, batchSize, validationLines },
          updates,
          learningRate,
          validationEveryUpdates,
          seed,
        };
      }),
    ),
  train,

  evaluations: ({ prompts, bias }, trials) => [
    ...trials.map((trial): HandwritingEvaluation => {
      const shown = trial.seed === 0 ? prompts : [];
      return { name: trial.name, trials: [trial.name], kind: 'network', trial, prompts: shown, hands: 2, bias };
    }),
    timeOf(trials.filter(({ seed }) => seed === 0)),
  ],
  evaluate: evaluateHandwriting,
  summarize: summarizeHandwriting,

  work(params) {
    const { seeds, updates, validationEveryUpdates, batchSize, sequenceLength, validationLines } = params;
    const { layers, units, alphabetSize } = params;
    const weights = layers * 4 * units * (2 * units + alphabetSize) + layers * units * 6 * params.mixtureComponents;
    // Two operations a weight and point forward, four back, at 24 billion a second; and what a step of the first layer takes.
    const pointSeconds = (weights * 6) / 24e9;
    const stepSeconds = 6.5e-4;
    const update = sequenceLength * (batchSize * pointSeconds + stepSeconds);
    const validation = sequenceLength * (validationLines * (pointSeconds / 3) + stepSeconds);
    const trials = 2 * seeds;
    return {
      trainingCoreSeconds: trials * (updates * update + (updates / validationEveryUpdates) * validation),
      evaluationCoreSeconds: trials * (2 + validation) + 20 * update,
    };
  },
});

function timeOf(timed: readonly HandwritingTrial[]): HandwritingEvaluation {
  return { name: 'seconds', trials: timed.map(({ name }) => name), kind: 'seconds', timed };
}
