/** Appendix B: what the optimizer of neural art does to single pixels, beside what ADAM and SGD would do in its place. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import type { NeuralArtSettings } from '../problems/neural-art.ts';
import { createFamily, neuralArtDatasets, train } from '../training/neural-art.ts';
import type { OptimizerTrial } from '../training.ts';
import { evaluateUpdates, type UpdateEvaluation } from './evaluate-updates.ts';
import { checkNeuralArt, neuralArt, neuralArtParams, planNeuralArt } from './neural-art.ts';
import { summarizeUpdates } from './summarize-updates.ts';

/** The parameters of neural art make the very trials whose artifacts are looked at; the others say what is looked at. */
const params = z
  .strictObject({
    ...neuralArtParams,
    /** Coordinates whose updates are traced; the report shows the first two. */
    tracedCoordinates: z.number().int().min(2).max(1_000),
    /** Of those, how many have their response to the gradient swept; the report shows the first three, as the paper does. */
    sweptCoordinates: z.number().int().min(3).max(1_000),
    /** Steps 1 to this one are swept. */
    sweptSteps: z.number().int().min(1).max(128),
    /** Gradients from minus to plus this; the paper: 400. */
    sweepRange: z.number().min(1e-3).max(1e6),
    /** Gradients of a sweep; an odd number, so that 0 is one of them. */
    sweepPoints: z.number().int().min(11).max(401),
  })
  .superRefine((params, context) => {
    checkNeuralArt(params, context);
    const { sweepPoints, sweptCoordinates, tracedCoordinates, sweptSteps, horizonSteps } = params;
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (sweepPoints % 2 === 0) issue('sweepPoints', `sweepPoints must be odd, not ${sweepPoints}`);
    if (sweptCoordinates > tracedCoordinates) {
      issue('sweptCoordinates', `sweptCoordinates must be at most tracedCoordinates (${tracedCoordinates})`);
    }
    if (sweptSteps > horizonSteps) issue('sweptSteps', `sweptSteps must be at most horizonSteps (${horizonSteps})`);
  });
export type UpdateParams = z.infer<typeof params>;

const looks = { tracedCoordinates: 200, sweptCoordinates: 20, sweptSteps: 32, sweepRange: 400, sweepPoints: 41 };

export const updateVisualization = defineExperiment<
  UpdateParams,
  OptimizerTrial<NeuralArtSettings> & { readonly experiment: string },
  UpdateEvaluation
>({
  name: 'learned-optimizers/update-visualization',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: 'Appendix B, Figures 10–13',
  },
  claim:
    'The optimizer trained on neural art makes bigger updates than SGD and ADAM, uses a kind of momentum of a shorter time scale than ADAM’s, and its update as a function of the current gradient is often step-like, sometimes against the gradient’s usual direction.',
  deviations: [
    'The optimizer is the one of learned-optimizers/neural-art under the same preset, with that experiment’s deviations.',
    'ADAM and SGD have the learning rates tuned on neural art; the paper does not say which it used here.',
    'Coordinates are drawn at random, not chosen; statements about all of them rest on many more than are shown.',
  ],
  params,
  presets: {
    smoke: {
      ...neuralArt.presets.smoke,
      ...looks,
      tracedCoordinates: 6,
      sweptCoordinates: 3,
      sweptSteps: 4,
      sweepPoints: 11,
    },
    laptop: { ...neuralArt.presets.laptop, ...looks },
    overnight: { ...neuralArt.presets.overnight, ...looks },
    paper: { ...neuralArt.presets.paper, ...looks },
  },
  datasets: neuralArtDatasets,
  module: 'lib/learned-optimizers/experiments/update-visualization.ts',
  trainingModule: 'lib/learned-optimizers/training/neural-art.ts',

  plan: (params) =>
    planNeuralArt(params)
      .filter(({ name }) => wantedTrials(params).includes(name))
      .map((trial) => ({ ...trial, experiment: neuralArt.name })),
  train,

  evaluations: (params) => {
    const { problem } = planNeuralArt(params)[0]!;
    const { tracedCoordinates, sweptCoordinates, sweptSteps, sweepRange, sweepPoints } = params;
    return Array.from({ length: params.seeds }, (_, seed) => ({
      name: `updates/seed-${seed}`,
      trials: wantedTrials(params),
      problem,
      seed,
      steps: params.horizonSteps,
      // One content is enough for figures; the numbers come from all of them.
      isShown: seed === 0,
      tracedCoordinates,
      sweptCoordinates,
      sweptSteps,
      sweepRange,
      sweepPoints,
    }));
  },
  evaluate: (evaluation, context) => evaluateUpdates(evaluation, createFamily, context),
  summarize: (measurements, params) => summarizeUpdates(measurements, params),

  work: (params) => {
    const { trainingCoreSeconds } = neuralArt.work(params);
    const step = 0.12 * (params.side / 64) ** 2;
    return { trainingCoreSeconds, evaluationCoreSeconds: params.seeds * params.horizonSteps * step };
  },
});

function wantedTrials({ horizonSteps }: UpdateParams): readonly string[] {
  return ['lstm', `adam/tuned-at-step-${horizonSteps}`, `sgd/tuned-at-step-${horizonSteps}`];
}
