/** An explicit list of experiments, found by name. */
import { UnknownExperiment } from './errors.ts';
import type { AnyExperiment } from './experiment.ts';
import { nearestName } from './nearest-name.ts';
import type { ExperimentRegistry } from './stages.ts';

/** Throws where two experiments have one name. */
export function createRegistry(list: readonly AnyExperiment[]): ExperimentRegistry {
  const byName = new Map(list.map((experiment) => [experiment.name, experiment]));
  if (byName.size < list.length)
    throw new Error(`Experiments need names of their own; given: ${list.map(({ name }) => name).join(', ')}.`);
  return {
    all: () => list,
    find(name) {
      const experiment = byName.get(name);
      if (!experiment) throw new UnknownExperiment(name, nearestName(name, [...byName.keys()]));
      return experiment;
    },
  };
}
