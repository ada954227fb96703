/**
 * A preset cut to some seconds of work. Counts of the same thing done again (episodes, updates, seeds) are cut, sizes of
 * tensors and of datasets are not: a step costs what it costs in the whole run.
 */
import type { AnyExperiment } from '../../lib/pipeline/experiment.ts';

type Params = Readonly<Record<string, unknown>>;

const evaluationCounts = [
  'seeds',
  'longRunSeeds',
  'otherSeeds',
  'validationImages',
  'testMinibatches',
  'functionsPerEvaluation',
  'outerFolds',
  'rounds',
];
const trainingCounts = ['updates', 'onlineUpdates', 'episodes', 'defaultEpisodes', 'epochs', 'tuningProblems'];
const mostHalvings = 12;

/**
 * The parameters, cut until training and evaluation are each estimated at no more core seconds, or cannot be cut further.
 * Where that leaves twice as many, horizons are cut too: then what comes once a run of an optimizer weighs more.
 */
export function shorten(experiment: AnyExperiment, params: Params, seconds: number): Params {
  const isEvaluated = (cut: Params) => evaluationSeconds(experiment, cut) <= seconds;
  const isTrained = (cut: Params) => trainingSeconds(experiment, cut) <= seconds;
  const isShortEnough = (cut: Params) =>
    Math.max(trainingSeconds(experiment, cut), evaluationSeconds(experiment, cut)) <= 2 * seconds;
  const evaluated = halve(experiment, params, divideCounts(evaluationCounts), isEvaluated);
  const trained = halve(experiment, evaluated, divideCounts(trainingCounts), isTrained);
  return halve(experiment, trained, divideHorizons, isShortEnough);
}

export function trainingSeconds(experiment: AnyExperiment, params: Params): number {
  return experiment.work(params).trainingCoreSeconds;
}

export function evaluationSeconds(experiment: AnyExperiment, params: Params): number {
  return experiment.work(params).evaluationCoreSeconds;
}

type Divide = (params: Params, divisor: number) => Params;

function halve(experiment: AnyExperiment, params: Params, divide: Divide, isShort: (cut: Params) => boolean): Params {
  let shortest = params;
  for (let halvings = 1; halvings <= mostHalvings && !isShort(shortest); halvings++) {
    const parsed = experiment.params.safeParse(divide(params, 2 ** halvings));
    if (parsed.success) shortest = parsed.data as Params;
  }
  return shortest;
}

function divideCounts(counts: readonly string[]): Divide {
  return function divide(params, divisor) {
    const cut = ([name, value]: [string, unknown]): [string, unknown] => {
      if (typeof value === 'number' && counts.includes(name)) return [name, Math.max(1, Math.round(value / divisor))];
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return [name, divide(value as Params, divisor)];
      return [name, value];
    };
    return Object.fromEntries(Object.entries(params).map(cut));
  };
}

/** The horizon by whole windows of backpropagation, and with it the steps that are measured beyond it. */
function divideHorizons(params: Params, divisor: number): Params {
  const { horizonSteps, unrollSteps, evaluationSteps, measuredSteps } = params;
  if (typeof horizonSteps !== 'number' || typeof unrollSteps !== 'number') return params;
  const horizon = Math.ceil(horizonSteps / divisor / unrollSteps) * unrollSteps;
  const scale = (steps: number) => Math.round((steps * horizon) / horizonSteps);
  return {
    ...params,
    horizonSteps: horizon,
    ...(typeof evaluationSteps === 'number' && { evaluationSteps: scale(evaluationSteps) }),
    ...(Array.isArray(measuredSteps) && { measuredSteps: measuredSteps.map(scale) }),
  };
}
