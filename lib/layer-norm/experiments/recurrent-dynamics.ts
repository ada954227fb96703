/** §3.1: recurrent networks step by step, on sequences longer than any in training, and trained a case at a time. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type StreamTrial, train } from '../training/recurrent-dynamics.ts';
import { classifierNames, dynamicsCells } from './dynamics-metrics.ts';
import { type DynamicsEvaluation, evaluateRecurrentDynamics } from './evaluate-dynamics.ts';
import { summarizeDynamics } from './summarize-dynamics.ts';

const params = z
  .strictObject({
    seeds: z.number().int().min(1).max(1_000),
    units: z.number().int().min(4).max(2_048),
    /** Of a training stream. */
    steps: z.number().int().min(6).max(1_000),
    batchSize: z.number().int().min(2).max(1_024),
    updates: z.number().int().min(1).max(1_000_000),
    learningRate: z.number().min(1e-6).max(1),
    /** Of the trainings with one stream a minibatch. */
    onlineUpdates: z.number().int().min(1).max(1_000_000),
    /** Longest pauses before a digit, a setting each; 0: none. The first decides. */
    pauses: z.array(z.number().int().min(0).max(100)).min(1).max(5),
    validationIntervalUpdates: z.number().int().min(1).max(1_000_000),
    validationStreams: z.number().int().min(1).max(10_000),
    testSteps: z.number().int().min(6).max(10_000),
    testStreams: z.number().int().min(2).max(10_000),
    /** What the weights of untrained networks are multiplied by. */
    scales: z.array(z.number().min(0.01).max(100)).min(1).max(20),
    /** Of an untrained network; the digits drive it for the first `drivenSteps`. */
    dynamicsSteps: z.number().int().min(12).max(1_000),
    drivenSteps: z.number().int().min(6).max(500),
    dynamicsStreams: z.number().int().min(1).max(1_000),
    /** Rounds of the timing, of so many updates a model each. */
    timingRounds: z.number().int().min(1).max(100),
  })
  .superRefine((value, { addIssue }) => {
    const requirements: readonly (readonly [string, boolean, string])[] = [
      ['testSteps', value.testSteps >= 2 * value.steps, 'must be at least twice as many as steps'],
      [
        'dynamicsSteps',
        value.dynamicsSteps >= value.drivenSteps + 6,
        'must leave 6 steps of silence after drivenSteps',
      ],
      ['pauses', new Set(value.pauses).size === value.pauses.length, 'must differ'],
    ];
    for (const [path, met, message] of requirements) if (!met) addIssue({ code: 'custom', path: [path], message });
  });
export type DynamicsParams = z.infer<typeof params>;

const laptop: DynamicsParams = {
  seeds: 3,
  units: 48,
  steps: 24,
  batchSize: 32,
  updates: 150,
  learningRate: 0.005,
  onlineUpdates: 400,
  pauses: [0, 3],
  validationIntervalUpdates: 15,
  validationStreams: 64,
  testSteps: 168,
  testStreams: 128,
  scales: [0.25, 0.5, 1, 2, 4],
  dynamicsSteps: 60,
  drivenSteps: 12,
  dynamicsStreams: 16,
  timingRounds: 3,
};

function planStreams(params: DynamicsParams): readonly StreamTrial[] {
  const settings = [
    ...params.pauses.map((longestPause) => ({ longestPause, streams: params.batchSize })),
    { longestPause: params.pauses[0]!, streams: 1 },
  ];
  return Array.from({ length: params.seeds }, (_, seed) => seed).flatMap((seed) =>
    settings.flatMap(({ longestPause, streams }) =>
      classifierNames.map((normalization) => ({
        name: `${normalization}/pauses-${longestPause}/batch-${streams}/seed-${seed}`,
        cpus: 1,
        seed,
        normalization,
        units: params.units,
        steps: params.steps,
        streams,
        longestPause,
        updates: streams === 1 ? params.onlineUpdates : params.updates,
        learningRate: params.learningRate,
        // As many points on a short curve as on a long one.
        validationIntervalUpdates:
          streams === 1
            ? Math.ceil((params.validationIntervalUpdates * params.onlineUpdates) / params.updates)
            : params.validationIntervalUpdates,
        validationStreams: params.validationStreams,
      })),
    ),
  );
}

export const recurrentDynamics = defineExperiment<DynamicsParams, StreamTrial, DynamicsEvaluation>({
  name: 'layer-norm/recurrent-dynamics',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§3, §3.1' },
  claim:
    'In recurrent networks summed inputs and gradients grow or shrink at every time step, and much less so under layer normalization; unlike recurrent batch normalization it needs no statistics of a time step, so it is not in trouble on sequences longer than any in training, and it can be trained with a batch size of 1.',
  deviations: [
    'The paper states this without an experiment; here untrained networks are driven by digits and then left in silence, and LSTMs name each digit of a stream of MNIST digits at its last step.',
    'Digits are 12 × 12 pixels, two rows a step, so that a stream of four is 24 steps.',
    'Recurrent batch normalization is that of Cooijmans et al. (arXiv 1603.09025): statistics for each step, gains that start at 0.1, and beyond the training length the last step’s statistics. Its gains at 0.1 and layer normalization’s at 1 are each paper’s own.',
    'The forget gate’s bias starts at 1 in the trained LSTMs, and all biases at 0 in the untrained networks.',
    'All three LSTMs have one learning rate, for both batch sizes; it was not searched for each.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      units: 8,
      steps: 12,
      batchSize: 4,
      updates: 4,
      onlineUpdates: 4,
      pauses: [0],
      validationIntervalUpdates: 2,
      validationStreams: 2,
      testSteps: 24,
      testStreams: 4,
      scales: [0.5, 2],
      dynamicsSteps: 18,
      drivenSteps: 6,
      dynamicsStreams: 2,
      timingRounds: 1,
    },
    laptop,
    overnight: {
      ...laptop,
      seeds: 5,
      units: 128,
      steps: 48,
      updates: 2_000,
      learningRate: 0.002,
      onlineUpdates: 5_000,
      validationIntervalUpdates: 100,
      testSteps: 480,
      testStreams: 512,
      dynamicsSteps: 200,
    },
    // The paper has no such experiment: the sizes are those of its question answering (§6.2).
    paper: {
      ...laptop,
      seeds: 5,
      units: 240,
      steps: 96,
      batchSize: 64,
      updates: 5_000,
      learningRate: 0.001,
      onlineUpdates: 20_000,
      validationIntervalUpdates: 200,
      testSteps: 960,
      testStreams: 1_000,
      dynamicsSteps: 400,
    },
  },
  datasets: [{ name: 'mnist' }],
  module: 'lib/layer-norm/experiments/recurrent-dynamics.ts',
  trainingModule: 'lib/layer-norm/training/recurrent-dynamics.ts',

  plan: planStreams,
  train,

  evaluations(params, trials) {
    const { seeds, units, steps, batchSize, testSteps, testStreams, scales, timingRounds } = params;
    const { dynamicsSteps, drivenSteps, dynamicsStreams } = params;
    return [
      ...dynamicsCells.flatMap((cell) =>
        Array.from({ length: seeds }, (_, seed) => ({
          kind: 'dynamics' as const,
          name: `dynamics/${cell}/seed-${seed}`,
          trials: [],
          cell,
          seed,
          units,
          scales,
          steps: dynamicsSteps,
          drivenSteps,
          streams: dynamicsStreams,
        })),
      ),
      ...trials.map((trial) => ({
        kind: 'streams' as const,
        name: `streams/${trial.name}`,
        trials: [trial.name],
        seed: trial.seed,
        normalization: trial.normalization,
        trainedSteps: steps,
        longestPause: trial.longestPause,
        batchSize: trial.streams,
        // What was trained a case at a time is tested at the length that it was trained at.
        testSteps: trial.streams === 1 ? steps : testSteps,
        testStreams,
      })),
      {
        kind: 'timing' as const,
        name: 'timing',
        trials: [],
        units,
        steps,
        batchSizes: [batchSize, 1],
        rounds: timingRounds,
      },
    ];
  },
  evaluate: evaluateRecurrentDynamics,

  summarize: summarizeDynamics,

  work(params) {
    const { seeds, units, steps, batchSize, updates, onlineUpdates, pauses, validationIntervalUpdates } = params;
    // Operations on small tensors cost their overhead, large ones their arithmetic: forward, and twice that backward.
    const stepSeconds = (streams: number, passes: number) =>
      passes * (0.0004 + streams * (units + 24) * 4 * units * 2 * 0.3e-9);
    const training = (streams: number, count: number) =>
      count * steps * (stepSeconds(streams, 3) + stepSeconds(params.validationStreams, 1) / validationIntervalUpdates);
    const tests = pauses.length * params.testSteps * stepSeconds(params.testStreams, 1);
    const dynamics =
      2 * dynamicsCells.length * params.scales.length * params.dynamicsSteps * stepSeconds(params.dynamicsStreams, 4);
    return {
      trainingCoreSeconds:
        seeds *
        classifierNames.length *
        (pauses.length * training(batchSize, updates) + training(1, onlineUpdates) + (pauses.length + 1) * 1.5),
      evaluationCoreSeconds: seeds * (classifierNames.length * tests + dynamics),
    };
  },
});
