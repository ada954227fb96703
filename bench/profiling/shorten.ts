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
];
const trainingCounts = ['updates', 'onlineUpdates', 'episodes', 'defaultEpisodes', 'epochs', 'tuningProblems'];
const mostHalvings = 12;

/** The parameters, cut until training and evaluation are each estimated at no more core seconds, or cannot be cut further. */
export function shorten(experiment: AnyExperiment, params: Params, seconds: number): Params {
  const evaluated = halve(experiment, params, evaluationCounts, (cut) => evaluationSeconds(experiment, cut) <= seconds);
  return halve(experiment, evaluated, trainingCounts, (cut) => trainingSeconds(experiment, cut) <= seconds);
}

export function trainingSeconds(experiment: AnyExperiment, params: Params): number {
  return experiment.work(params).trainingCoreSeconds;
}

export function evaluationSeconds(experiment: AnyExperiment, params: Params): number {
  return experiment.work(params).evaluationCoreSeconds;
}

function halve(
  experiment: AnyExperiment,
  params: Params,
  counts: readonly string[],
  isShort: (cut: Params) => boolean,
): Params {
  let shortest = params;
  for (let halvings = 0; halvings <= mostHalvings && !isShort(shortest); halvings++) {
    const parsed = experiment.params.safeParse(divide(params, counts, 2 ** halvings));
    if (parsed.success) shortest = parsed.data as Params;
  }
  return shortest;
}

function divide(params: Params, counts: readonly string[], divisor: number): Params {
  const cut = ([name, value]: [string, unknown]): [string, unknown] => {
    if (typeof value === 'number' && counts.includes(name)) return [name, Math.max(1, Math.round(value / divisor))];
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return [name, divide(value as Params, counts, divisor)];
    return [name, value];
  };
  return Object.fromEntries(Object.entries(params).map(cut));
}
