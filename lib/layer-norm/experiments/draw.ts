/** §6.4: DRAW on binarized MNIST, with and without layer normalization of its LSTMs' cells. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type DrawTrial, train } from '../training/draw.ts';
import { listSubjects } from './draw-subjects.ts';
import { type DrawEvaluation, evaluateDraw } from './evaluate-draw.ts';
import { summarizeDraw } from './summarize-draw.ts';

const params = z.strictObject({
  /** Each is another initialization, order of the images and noise, the same for both networks. */
  seeds: z.number().int().min(1).max(100),
  /** T */
  glimpses: z.number().int().min(1).max(256),
  /** Of each LSTM. */
  units: z.number().int().min(4).max(2048).multipleOf(4),
  /** Values of the latent vector of each glimpse. */
  latents: z.number().int().min(4).max(1024).multipleOf(4),
  /** N of the windows that are read and written. */
  readPoints: z.number().int().min(2).max(28).multipleOf(2),
  writePoints: z.number().int().min(1).max(28),
  batchSize: z.number().int().min(1).max(1000),
  updates: z.number().int().min(1).max(10_000_000),
  learningRate: z.number().min(1e-6).max(1),
  /** Longer gradients are shortened to this norm. */
  gradientNorm: z.number().min(1e-3).max(1e6),
  /** Standard deviations of the initial weights. The first is layer normalization's in the verdict, the best the other network's. */
  initialDeviations: z
    .array(z.number().min(1e-4).max(1))
    .min(1)
    .max(5)
    .refine((all) => new Set(all).size === all.length, 'initialDeviations must differ from each other'),
  /** ε in √(variance + ε). */
  epsilon: z.number().min(0).max(0.1),
  validateEveryUpdates: z.number().int().min(1).max(1_000_000),
  validationMinibatches: z.number().int().min(1).max(10_000),
  testMinibatches: z.number().int().min(1).max(10_000),
});
export type DrawParams = z.infer<typeof params>;

const paper: DrawParams = {
  seeds: 1,
  glimpses: 64,
  units: 256,
  latents: 100,
  readPoints: 2,
  writePoints: 5,
  batchSize: 128,
  // 200 epochs of 390 minibatches.
  updates: 78_000,
  learningRate: 0.001,
  gradientNorm: 10,
  initialDeviations: [0.01],
  epsilon: 1e-5,
  validateEveryUpdates: 390,
  validationMinibatches: 78,
  testMinibatches: 78,
};
const laptop: DrawParams = {
  ...paper,
  seeds: 3,
  glimpses: 8,
  units: 64,
  latents: 12,
  batchSize: 32,
  updates: 2500,
  initialDeviations: [0.01, 0.1],
  validateEveryUpdates: 100,
  validationMinibatches: 10,
  testMinibatches: 78,
};

export const draw = defineExperiment<DrawParams, DrawTrial, DrawEvaluation>({
  name: 'layer-norm/draw',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§6.4, Figure 4' },
  claim:
    'Layer normalization of the cells of DRAW’s LSTMs makes it converge almost twice as fast on binarized MNIST, to a lower variational bound (82.09 instead of 82.36 nats).',
  deviations: [
    'Unless the user has Larochelle’s files, MNIST’s digits are binarized from a seed of ours: the same distribution, other coins, named a stand-in.',
    'Filters are normalised by a softmax over the pixels rather than by a sum to which a small constant is added: a window outside the image looks at its nearest pixels. Canvas and states start at zero and are not learned.',
    'What the paper leaves out is as in the published code of DRAW that it follows: read 2 × 2, write 5 × 5, 100 latents, weights from N(0, 0.01²), Adam at 0.001, gradients of a norm of at most 10.',
    'The bound is measured with one sample of the latents an image.',
    'Weights from N(0, 0.1²) are a control, which the paper has not: from small weights a network may for long draw without looking, its latents at their prior; a normalised cell is one way out of that, larger weights are another. The verdict sets layer normalization from the published weights against the other network from whichever are best for it.',
    'The laptop preset has 8 glimpses, 64 units and 12 latents, minibatches of 32, and ends after 2500 updates (1.6 epochs): all networks are then on their way. `overnight` has 16 glimpses, 256 units and 20 epochs; `paper` has the paper’s 64 glimpses and 200 epochs.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      glimpses: 2,
      units: 8,
      latents: 4,
      batchSize: 8,
      updates: 12,
      validateEveryUpdates: 4,
      validationMinibatches: 1,
      testMinibatches: 2,
    },
    laptop,
    overnight: {
      ...paper,
      seeds: 3,
      initialDeviations: [0.01, 0.1],
      glimpses: 16,
      updates: 7800,
      validateEveryUpdates: 195,
      validationMinibatches: 20,
    },
    paper,
  },
  datasets: [{ name: 'binarized-mnist' }],
  module: 'lib/layer-norm/experiments/draw.ts',
  trainingModule: 'lib/layer-norm/training/draw.ts',

  plan: (params) =>
    listSubjects(params).flatMap(({ subject, normalization, initialDeviation }) =>
      Array.from({ length: params.seeds }, (_, seed): DrawTrial => {
        const { glimpses, units, latents, readPoints, writePoints, epsilon } = params;
        const { batchSize, updates, learningRate, gradientNorm } = params;
        return {
          name: `${subject}/seed-${seed}`,
          cpus: 1,
          seed,
          network: { side: 28, readPoints, writePoints, latents, glimpses, units, normalization, epsilon },
          batchSize,
          updates,
          learningRate,
          gradientNorm,
          initialDeviation,
          validateEveryUpdates: params.validateEveryUpdates,
          validationMinibatches: params.validationMinibatches,
        };
      }),
    ),
  train,

  evaluations: ({ testMinibatches }, trials) => [
    ...trials.map((trial) => ({
      name: trial.name,
      trials: [trial.name],
      kind: 'bound' as const,
      trial,
      testMinibatches,
    })),
    {
      name: 'seconds',
      trials: trials.filter(({ seed }) => seed === 0).map(({ name }) => name),
      kind: 'seconds' as const,
      timed: trials.filter(({ seed }) => seed === 0),
    },
  ],
  evaluate: evaluateDraw,
  summarize: summarizeDraw,

  work(params) {
    const { seeds, glimpses, units, latents, batchSize, updates, testMinibatches } = params;
    const weights = 4 * units * (2 * units + 8) + 4 * units * (latents + units) + units * (2 * latents + 38);
    // Of a glimpse of one image: three products at 20 multiply-adds a nanosecond, 30 µs of attention and canvas, 25 ns a unit.
    const glimpseSeconds = 3 * weights * 5e-11 + 30e-6 + units * 5e-8;
    const updateSeconds = batchSize * glimpses * glimpseSeconds;
    const validations = Math.ceil(updates / params.validateEveryUpdates) * params.validationMinibatches;
    const trials = listSubjects(params).length * seeds;
    return {
      trainingCoreSeconds: trials * (2 + (updates + validations / 3) * updateSeconds),
      evaluationCoreSeconds:
        trials * (1 + (testMinibatches / 3) * updateSeconds) + (32 * trials * updateSeconds) / seeds,
    };
  },
});
