/** §5.3: what a step of the walk and the walk to its limit take, beside dense CRF inference. */
import { z } from 'zod';
import { type BaseTrial, defineExperiment } from '../../pipeline/experiment.ts';
import { evaluateTiming, type TimingEvaluation } from './evaluate-timing.ts';
import { summarizeTiming } from './summarize-timing.ts';

const radius = z.number().int().min(1).max(100);
const params = z.strictObject({
  /** Each is another picture of the dataset's validation list. */
  seeds: z.number().int().min(1).max(100),
  /** That pictures are brought to. */
  height: z.number().int().min(16).max(1000),
  width: z.number().int().min(16).max(1000),
  classes: z.number().int().min(2).max(255),
  /** R of a walk over the picture's pixels, and of one over the scores, one for each 8 × 8 pixels. */
  radius,
  largeRadius: radius,
  /** Weights of the walk in Eq. 1, ascending. */
  alphas: z.array(z.number().gt(0).max(0.999)).min(1).max(5),
  /** How far a value may be from the walk's limit. */
  tolerance: z.number().min(2e-4).max(0.1),
  /** Medians are over as many, interleaved. */
  rounds: z.number().int().min(1).max(100),
  /** Sizes on which a step is timed at `radius`: shares of the picture's pixels, ascending. */
  pixelShares: z.array(z.number().gt(0).max(1)).min(2).max(20),
  /** Radii at which a step is timed on a quarter of the picture's pixels, ascending. */
  radii: z.array(radius).min(2).max(20),
  /** Also a step over all pixels at the large radius: 1.9 GB of affinities at 500 × 375 and R = 40. */
  wholeLargeStep: z.boolean(),
});
export type TimingParams = z.infer<typeof params>;

const laptop: TimingParams = {
  seeds: 5,
  ...{ height: 375, width: 500, classes: 21 },
  ...{ radius: 5, largeRadius: 40 },
  alphas: [0.9, 0.99],
  tolerance: 1e-3,
  rounds: 3,
  pixelShares: [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1],
  radii: [3, 5, 7, 10, 14, 20, 28, 40],
  wholeLargeStep: false,
};

export const timing = defineExperiment<TimingParams, BaseTrial, TimingEvaluation>({
  name: 'random-walk/timing',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§5.3',
  },
  claim:
    'A step of the random walk takes less than a hundredth of the time of dense CRF inference (0.032 s against 3.301 s), and the walk to convergence less than a third of it (about 1 s).',
  deviations: [
    'The paper’s images are PASCAL VOC’s with SBD’s labels, which --data can bring; here they are the validation pictures of the dataset that the run names, brought to 500 × 375 pixels by linear interpolation.',
    'No network is run, and its time is in none of the figures, as in the paper: class probabilities are the shares of the labels that people drew in cells of 8 × 8 pixels, four fifths of them, and a fifth spread over all 21 classes, enlarged to the picture.',
    'The paper does not say over which pixels its step goes. 0.032 s a step at R = 40 are out of reach over all pixels, so that a step is timed over the grid of the scores at R = 40 and over all pixels at R = 5, the R of its predictions.',
    'Walks run on a WebAssembly kernel with SIMD; the dense CRF and the domain transform are plain JavaScript, and a step in plain JavaScript is timed beside them. `npm run bench -- random-walk` has pydensecrf, which is compiled, beside them where Python has it.',
    'Affinities of the walks are of colours, with one weight; those of 131 channels are timed on noise, because values do not decide how long they take.',
    'α = 0.01 is read as the weight of f, so that the walk’s is 0.99. The paper converges by inverting a shrunken matrix to an error that it does not state; here the error is at most 1e-3 everywhere.',
    'Verdicts are on this machine’s ratios, picture by picture: the paper’s seconds are of one core of 2.7 GHz.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 2,
      ...{ height: 48, width: 64, classes: 5, radius: 2, largeRadius: 6, rounds: 1 },
      pixelShares: [1 / 4, 1],
      radii: [2, 4],
    },
    laptop,
    overnight: { ...laptop, seeds: 20, rounds: 9, wholeLargeStep: true },
    paper: { ...laptop, seeds: 20, rounds: 9, wholeLargeStep: true },
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/timing.ts',
  trainingModule: 'lib/random-walk/experiments/timing.ts',

  /** Nothing is trained. */
  plan: () => [],
  train: () => Promise.reject(new Error('random-walk/timing has no trials.')),

  evaluations: ({ seeds, ...settings }) =>
    Array.from({ length: seeds }, (_, seed) => ({ name: `picture-${seed}`, trials: [], seed, ...settings })),

  evaluate: evaluateTiming,

  summarize: summarizeTiming,

  work({ seeds, height, width, classes, radius, rounds }) {
    const product = height * width * (3.15 * radius ** 2 + 1) * classes * 8e-11;
    // Products that all solvers take, and the rivals, whose time does not depend on the radius.
    const round = 900 * product + height * width * classes * 1e-6;
    return { trainingCoreSeconds: 0, evaluationCoreSeconds: seeds * (0.2 + rounds * round) };
  },
});
