/**
 * What the experiments of §3.1 and §3.2 have in common: one learned optimizer and the hand-written ones with tuned rates,
 * all run from the same initial points on the same minibatches of fresh problems.
 *
 * Three kinds of problems never meet: those of meta-training and its validations, those of the tuning, and those of the
 * evaluation; each draws from streams of its own name.
 */
import { z } from 'zod';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement, Workload } from '../../pipeline/experiment.ts';
import { type BaselineName, baselineNames, startBaseline } from '../baselines.ts';
import { learningRateSchedules } from '../meta-optimizer.ts';
import { traceLosses } from '../optimize.ts';
import { createOptimizerNetwork, type NetworkSettings, runNetwork } from '../optimizer-network.ts';
import { type CreateFamily, type OptimizerTrial, readLearnedOptimizer, readLearningRate } from '../training.ts';

/** Parameters that both experiments have. */
export const comparisonParams = {
  /** Evaluation seeds: each is a fresh problem. */
  seeds: z.number().int().min(1).max(10_000),
  /** Decides the optimizer's initial parameters and all problems of training and tuning. */
  trainingSeed: z.number().int().min(0).max(1_000_000),
  episodes: z.number().int().min(1).max(1_000_000),
  /** Steps of a training episode, and the step that rates are tuned for and the verdict looks at. */
  horizonSteps: z.number().int().min(2).max(10_000),
  /** Steps of an evaluation, at least the horizon. */
  evaluationSteps: z.number().int().min(2).max(100_000),
  /** Steps that a meta-gradient goes back; divides the horizon. */
  unrollSteps: z.number().int().min(1).max(200),
  metaLearningRate: z.number().min(1e-6).max(1),
  metaLearningRateSchedule: z.enum(learningRateSchedules),
  averagingDecay: z.number().min(0).max(0.9999),
  lossWeights: z.enum(['every-step', 'final-step']),
  /** Units in each of the optimizer's two layers; a multiple of 4. */
  hiddenUnits: z.number().int().min(4).max(128).multipleOf(4),
  outputScale: z.number().min(1e-6).max(100),
  validationIntervalEpisodes: z.number().int().min(1).max(100_000),
  validationProblems: z.number().int().min(1).max(1_000),
  /** Problems that a learning rate is tuned on. */
  tuningProblems: z.number().int().min(1).max(1_000),
} as const;
export type ComparisonParams = z.infer<z.ZodObject<typeof comparisonParams>>;

/** What one field alone cannot say. */
export function checkSteps(params: ComparisonParams, context: z.RefinementCtx): void {
  const { horizonSteps, unrollSteps, evaluationSteps } = params;
  const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (horizonSteps % unrollSteps !== 0) {
    issue('unrollSteps', `unrollSteps must divide horizonSteps (${horizonSteps}), and ${unrollSteps} does not`);
  }
  if (evaluationSteps < horizonSteps) {
    issue('evaluationSteps', `evaluationSteps must be at least horizonSteps (${horizonSteps}), not ${evaluationSteps}`);
  }
}

/** Losses of a baseline whose rate was tuned for the end of the evaluation instead of the horizon. */
export const longRunMetric = 'loss, rate tuned for the long run';

export interface ComparisonEvaluation<Settings> {
  readonly name: string;
  readonly trials: readonly string[];
  readonly subject: 'lstm' | BaselineName;
  readonly metric: string;
  readonly problem: Settings;
  readonly seeds: readonly number[];
  readonly steps: number;
}

/** The learned optimizer, and each hand-written one tuned for the horizon and for the evaluation's end. */
export function planComparison<Settings>(
  params: ComparisonParams,
  problems: { readonly training: Settings; readonly tuning: Settings },
  preprocessing: NetworkSettings['preprocessing'],
  backpropagatedPerTensor: number,
): readonly OptimizerTrial<Settings>[] {
  const { hiddenUnits, outputScale, trainingSeed, tuningProblems, horizonSteps, evaluationSteps } = params;
  const { episodes, unrollSteps, metaLearningRate, metaLearningRateSchedule, averagingDecay, lossWeights } = params;
  const { validationIntervalEpisodes, validationProblems } = params;
  const horizons = [...new Set([horizonSteps, evaluationSteps])];
  return [
    {
      name: 'lstm',
      kind: 'lstm',
      cpus: 2,
      problem: problems.training,
      network: { preprocessing, hiddenUnits, outputScale },
      metaTraining: {
        seed: trainingSeed,
        episodes,
        horizonSteps,
        unrollSteps,
        metaLearningRate,
        metaLearningRateSchedule,
        averagingDecay,
        lossWeights,
        backpropagatedPerTensor,
        validationIntervalEpisodes,
        validationProblems,
      },
    },
    ...horizons.flatMap((horizon) =>
      baselineNames.map((optimizer) => ({
        name: baselineTrialName(optimizer, horizon),
        kind: 'baseline' as const,
        optimizer,
        cpus: 1,
        problem: problems.tuning,
        tuning: { seed: trainingSeed, problems: tuningProblems, horizonSteps: horizon },
      })),
    ),
  ];
}

function baselineTrialName(optimizer: BaselineName, horizonSteps: number): string {
  return `${optimizer}/tuned-at-step-${horizonSteps}`;
}

/** Seeds of one evaluation: enough to be worth starting, few enough to spread over Lambdas. */
const seedsPerEvaluation = 5;

export function evaluationsOfComparison<Settings>(
  { seeds, horizonSteps, evaluationSteps }: ComparisonParams,
  problem: Settings,
): readonly ComparisonEvaluation<Settings>[] {
  const subjects: Pick<ComparisonEvaluation<Settings>, 'subject' | 'metric' | 'trials'>[] = [
    { subject: 'lstm', metric: 'loss', trials: ['lstm'] },
    ...baselineNames.map((subject) => ({
      subject,
      metric: 'loss',
      trials: [baselineTrialName(subject, horizonSteps)],
    })),
  ];
  if (evaluationSteps > horizonSteps) {
    for (const subject of baselineNames) {
      subjects.push({ subject, metric: longRunMetric, trials: [baselineTrialName(subject, evaluationSteps)] });
    }
  }
  const blocks = Array.from(
    { length: Math.ceil(seeds / seedsPerEvaluation) },
    (_, block) => block * seedsPerEvaluation,
  );
  return subjects.flatMap((subject) =>
    blocks.map((first) => {
      const last = Math.min(first + seedsPerEvaluation, seeds) - 1;
      return {
        ...subject,
        name: `${subject.trials[0]}/seeds-${first}-to-${last}`,
        problem,
        seeds: Array.from({ length: last - first + 1 }, (_, index) => first + index),
        steps: evaluationSteps,
      };
    }),
  );
}

/** A row for the first step, and for every fifth. */
const recordedEverySteps = 5;

export async function evaluateComparison<Settings>(
  { subject, metric, trials, problem, seeds, steps }: ComparisonEvaluation<Settings>,
  createFamily: CreateFamily<Settings>,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const model = await context.model(trials[0]!);
  const family = await createFamily(problem, context);
  const { coordinates, lossUnit } = family;
  const rows: Measurement[] = [];
  const record = async (start: () => Parameters<typeof traceLosses>[1]) => {
    for (const seed of seeds) {
      const losses = await traceLosses(family.sample(seed, 'evaluation'), start(), coordinates, steps, context.breathe);
      for (const [index, value] of losses.entries()) {
        const step = index + 1;
        if (step > 1 && step % recordedEverySteps !== 0 && step !== steps) continue;
        // A run that diverged is a row too: the largest number that JSON can hold.
        rows.push({ metric, subject, step, seed, value: Math.min(value, Number.MAX_VALUE), unit: lossUnit });
      }
    }
  };

  if (subject !== 'lstm') {
    const learningRate = readLearningRate(model);
    await record(() => startBaseline(subject, coordinates, learningRate));
    if (seeds[0] === 0) {
      const rate = { metric: `learning rate (${metric})`, subject, step: 0, seed: 0, value: learningRate, unit: '1' };
      rows.push(rate);
    }
    return rows;
  }
  const { network: settings, parameters } = readLearnedOptimizer(model);
  const machine = {
    threads: context.threads,
    backend: context.backend,
    startTensorFlow: () => context.startTensorFlow(),
  };
  const network = await createOptimizerNetwork(settings, { ...machine, coordinates, unrollSteps: 1 });
  try {
    network.setParameters(parameters);
    await record(() => runNetwork(network));
    return rows;
  } finally {
    network.dispose();
  }
}

/** Microseconds a coordinate and step on one core of the reference laptop. */
const forwardMicroseconds = 0.5;
const backwardMicroseconds = 0.9;
/** Of a baseline's update, about. */
const baselineMicroseconds = 0.01;
/** Rates that a tuning tries, of which about half are abandoned early. */
const fullTuningRuns = 12;

export function comparisonWork(
  params: ComparisonParams,
  sizes: {
    readonly coordinatesPerEpisode: number;
    readonly backpropagatedPerEpisode: number;
    /** Of a tuning problem and of an evaluation seed. */
    readonly coordinatesPerSeed: number;
    /** One loss and gradient of those. */
    readonly problemMicroseconds: number;
  },
): Workload {
  const { episodes, horizonSteps, evaluationSteps, seeds, tuningProblems } = params;
  const validations = (episodes / params.validationIntervalEpisodes) * params.validationProblems;
  const { coordinatesPerEpisode, backpropagatedPerEpisode, coordinatesPerSeed, problemMicroseconds } = sizes;
  const step = problemMicroseconds + coordinatesPerSeed * baselineMicroseconds;
  const tunedSteps = horizonSteps + (evaluationSteps > horizonSteps ? evaluationSteps : 0);
  const training =
    horizonSteps *
      ((episodes + validations) * coordinatesPerEpisode * forwardMicroseconds +
        episodes * backpropagatedPerEpisode * backwardMicroseconds) +
    baselineNames.length * fullTuningRuns * tuningProblems * tunedSteps * step;
  const evaluation =
    seeds * evaluationSteps * (coordinatesPerSeed * forwardMicroseconds + 2 * baselineNames.length * step);
  return { trainingCoreSeconds: training / 1e6, evaluationCoreSeconds: evaluation / 1e6 };
}
