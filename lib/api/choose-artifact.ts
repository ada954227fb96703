/** Which trained model a request is answered with. */
import { InvalidInput } from './errors.ts';
import type { LoadedModel, ModelCache, TrialFilter } from './model-cache.ts';

/** The experiment that trains such models, and which of its trials train one that is meant. */
export interface ModelSource {
  readonly experiment: string;
  /** As in `The store has no …`; another filter needs another name. */
  readonly what: string;
  readonly filter: TrialFilter;
}

/** The header that names the artifact where the answer is a picture. */
export const artifactHeader = 'Stepwise-Artifact';

/**
 * The artifact that was asked for, else the newest that fits. Throws InvalidInput where it is another experiment's, ModelMissing,
 * NotFound, and what loading does.
 */
export async function chooseArtifact(
  models: ModelCache,
  { experiment, what, filter }: ModelSource,
  artifact: string | undefined,
): Promise<LoadedModel> {
  const model = await models.load(artifact ?? (await models.newestArtifact(experiment, what, filter)));
  const { manifest } = model;
  if (manifest.experiment !== experiment || !filter(manifest.trial)) {
    throw new InvalidInput(
      `artifact must be a ${what}, trained by ${experiment}; ${model.digest} is '${manifest.trial.name}' of ${manifest.experiment}. Leave it out for the newest one.`,
    );
  }
  return model;
}

/** A trial's property that a filter looks at, which its schema does not know. */
export function propertyOf(trial: object, name: string): unknown {
  return (trial as Readonly<Record<string, unknown>>)[name];
}
