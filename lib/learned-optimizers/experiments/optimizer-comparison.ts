/**
 * What the experiments of §3.1 and §3.2 have in common: one learned optimizer and the hand-written ones with tuned rates,
 * all run from the same initial points on the same minibatches of fresh problems.
 *
 * Three kinds of problems never meet: those of meta-training and its validations, those of the tuning, and those of the
 * evaluation; each draws from streams of its own name.
 */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { BaseTrial, Measurement } from '../../pipeline/experiment.ts';
import { type BaselineName, baselineNames, startBaseline } from '../baselines.ts';
import { traceLosses } from '../optimize.ts';
import { createOptimizerNetwork, type NetworkSettings, runNetwork } from '../optimizer-network.ts';
import {
  type BaselineTrial,
  type CreateFamily,
  type LearnedOptimizerTrial,
  type OptimizerTrial,
  readLearnedOptimizer,
  readLearningRate,
} from '../training.ts';
import type { ComparisonParams, OptimizerParams } from './comparison-params.ts';
import { chooseByValidation, listCandidates, measureSearch } from './meta-learning-rate-search.ts';

export { type ComparisonParams, checkSteps, comparisonParams, type OptimizerParams } from './comparison-params.ts';
export { comparisonWork } from './comparison-work.ts';

/** Losses of a baseline whose rate was tuned for the end of the evaluation instead of the horizon. */
export const longRunMetric = 'loss, rate tuned for the long run';

/** A mean over the last steps, so that no single minibatch decides. */
export const finalLossMetric = 'final loss';

export interface ComparisonEvaluation<Settings> {
  readonly name: string;
  readonly trials: readonly string[];
  readonly subject: 'lstm' | BaselineName;
  readonly metric: string;
  readonly problem: Settings;
  /** Where there are several kinds of test problems: this one's, in front of the subject of every measurement. */
  readonly optimizee?: string;
  readonly seeds: readonly number[];
  readonly steps: number;
  /** Of the learned optimizer, in the order of `trials`, where they were searched for. */
  readonly metaLearningRates?: readonly number[];
  /** One row a seed instead of a curve: the mean loss over this many last steps, as `finalLossMetric`. */
  readonly finalSteps?: number;
}

/** A trial of this experiment, or one that it shares with another. */
export type SharedTrial<Settings> = OptimizerTrial<Settings> & Pick<BaseTrial, 'experiment'>;

/** The learned optimizer, and each hand-written one tuned for the horizon and for the evaluation's end. */
export function planComparison<Settings>(
  params: ComparisonParams,
  problems: { readonly training: Settings; readonly tuning: Settings },
  preprocessing: NetworkSettings['preprocessing'],
  backpropagatedPerTensor: number,
): readonly OptimizerTrial<Settings>[] {
  const horizons = [...new Set([params.horizonSteps, params.evaluationSteps])];
  return [
    ...planLearnedOptimizer(params, problems.training, preprocessing, backpropagatedPerTensor),
    ...horizons.flatMap((horizonSteps) => planBaselines({ ...params, horizonSteps }, problems.tuning)),
  ];
}

/** A trial for each candidate of the meta-learning rate. */
export function planLearnedOptimizer<Settings>(
  params: OptimizerParams,
  problem: Settings,
  preprocessing: NetworkSettings['preprocessing'],
  backpropagatedPerTensor: number,
  name = 'lstm',
): readonly LearnedOptimizerTrial<Settings>[] {
  const { hiddenUnits, outputScale, trainingSeed, horizonSteps } = params;
  const { episodes, unrollSteps, metaLearningRateSchedule, averagingDecay, lossWeights } = params;
  const { validationIntervalEpisodes, validationProblems, patienceValidations = 0 } = params;
  const candidates = listCandidates(params, name);
  return candidates.map(({ trial, metaLearningRate }) => ({
    name: trial,
    kind: 'lstm',
    cpus: 2,
    problem,
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
      // Absent where they change nothing: the address of an artifact covers what is there.
      ...(patienceValidations > 0 ? { patienceValidations } : {}),
      ...(candidates.length > 1 ? { mayDiverge: true } : {}),
    },
  }));
}

/** The hand-written optimizers, tuned on this kind of problem. */
export function planBaselines<Settings>(
  { horizonSteps, tuningProblems, trainingSeed }: OptimizerParams,
  problem: Settings,
  { optimizers = baselineNames, optimizee }: OfOptimizee = {},
): readonly BaselineTrial<Settings>[] {
  return optimizers.map((optimizer) => ({
    name: baselineTrialName(optimizer, horizonSteps, optimizee),
    kind: 'baseline',
    optimizer,
    cpus: 1,
    problem,
    tuning: { seed: trainingSeed, problems: tuningProblems, horizonSteps },
  }));
}

/** One of several kinds of test problems: its name, and the hand-written optimizers that run on it, all of them where absent. */
export interface OfOptimizee {
  readonly optimizee?: string | undefined;
  readonly optimizers?: readonly BaselineName[];
}

function baselineTrialName(optimizer: BaselineName, horizonSteps: number, optimizee?: string): string {
  return `${optimizee === undefined ? '' : `${optimizee}/`}${optimizer}/tuned-at-step-${horizonSteps}`;
}

/** Seeds of one evaluation: enough to be worth starting, few enough to spread over Lambdas. */
const seedsPerEvaluation = 5;

export function evaluationsOfComparison<Settings>(
  params: ComparisonParams,
  problem: Settings,
  { optimizers = baselineNames, optimizee }: OfOptimizee = {},
): readonly ComparisonEvaluation<Settings>[] {
  const { seeds, horizonSteps, evaluationSteps } = params;
  const candidates = listCandidates(params);
  const inFront = optimizee === undefined ? '' : `${optimizee}/`;
  const tuned = (subject: BaselineName, horizon: number, metric: string) => {
    const trial = baselineTrialName(subject, horizon, optimizee);
    return { label: trial, subject, metric, trials: [trial] };
  };
  const subjects = [
    {
      label: `${inFront}lstm`,
      subject: 'lstm' as const,
      metric: 'loss',
      trials: candidates.map(({ trial }) => trial),
      ...(candidates.length > 1
        ? { metaLearningRates: candidates.map(({ metaLearningRate }) => metaLearningRate) }
        : {}),
    },
    ...optimizers.map((subject) => tuned(subject, horizonSteps, 'loss')),
    ...(evaluationSteps > horizonSteps
      ? optimizers.map((subject) => tuned(subject, evaluationSteps, longRunMetric))
      : []),
  ];
  const blocks = Array.from(
    { length: Math.ceil(seeds / seedsPerEvaluation) },
    (_, block) => block * seedsPerEvaluation,
  );
  return subjects.flatMap(({ label, ...subject }) =>
    blocks.map((first) => {
      const last = Math.min(first + seedsPerEvaluation, seeds) - 1;
      return {
        ...subject,
        ...(optimizee === undefined ? {} : { optimizee }),
        name: `${label}/seeds-${first}-to-${last}`,
        problem,
        seeds: Array.from({ length: last - first + 1 }, (_, index) => first + index),
        steps: evaluationSteps,
      };
    }),
  );
}

/** A row for the first step, for every fifth, and for the last. */
const recordedEverySteps = 5;

export async function evaluateComparison<Settings>(
  evaluation: ComparisonEvaluation<Settings>,
  createFamily: CreateFamily<Settings>,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { metric, trials, seeds, steps, optimizee, finalSteps } = evaluation;
  const subject = optimizee === undefined ? evaluation.subject : `${optimizee}/${evaluation.subject}`;
  const family = await createFamily(evaluation.problem, context);
  const { coordinates, lossUnit } = family;
  const rows: Measurement[] = [];
  const record = async (start: () => Parameters<typeof traceLosses>[1]) => {
    for (const seed of seeds) {
      const losses = await traceLosses(family.sample(seed, 'evaluation'), start(), coordinates, steps, context.breathe);
      // A run that diverged is a row too: the largest number that JSON can hold.
      const row = (step: number, loss: number) => ({ step, value: Math.min(loss, Number.MAX_VALUE), unit: lossUnit });
      if (finalSteps !== undefined) {
        const mean = losses.subarray(-finalSteps).reduce((sum, loss) => sum + loss / finalSteps, 0);
        rows.push({ metric: finalLossMetric, subject, seed, ...row(steps, mean) });
        continue;
      }
      for (const [index, loss] of losses.entries()) {
        const step = index + 1;
        if (step > 1 && step % recordedEverySteps !== 0 && step !== steps) continue;
        rows.push({ metric, subject, seed, ...row(step, loss) });
      }
    }
  };

  if (evaluation.subject !== 'lstm') {
    const learningRate = readLearningRate(await context.model(trials[0]!));
    const optimizer = evaluation.subject;
    await record(() => startBaseline(optimizer, coordinates, learningRate));
    if (seeds[0] === 0) {
      const rate = { metric: `learning rate (${metric})`, subject, step: 0, seed: 0, value: learningRate, unit: '1' };
      rows.push(rate);
    }
    return rows;
  }
  const chosen = await chooseByValidation(trials, context);
  const { network: settings, parameters } = readLearnedOptimizer(chosen.model);
  const machine = {
    threads: context.threads,
    backend: context.backend,
    startTensorFlow: () => context.startTensorFlow(),
  };
  const network = await createOptimizerNetwork(settings, { ...machine, coordinates, unrollSteps: 1 });
  try {
    network.setParameters(parameters);
    await record(() => runNetwork(network));
  } finally {
    network.dispose();
  }
  const { metaLearningRates } = evaluation;
  if (metaLearningRates && seeds[0] === 0) {
    const candidates = trials.map((trial, index) => ({ trial, metaLearningRate: metaLearningRates[index]! }));
    rows.push(...measureSearch(candidates, chosen, subject, lossUnit));
  }
  return rows;
}
