/** The perceptrons of §6.6 of *Layer Normalization*, as trained in a store: found, read, asked. */
import { z } from 'zod';
import type { PerceptronSettings } from '../layer-norm/models/perceptron-layers.ts';
import { perceptronProbabilities } from '../layer-norm/models/perceptron-probabilities.ts';
import { InvalidRecord } from '../pipeline/errors.ts';
import { keys } from '../pipeline/keys.ts';
import { type ModelSource, propertyOf } from './choose-artifact.ts';
import { InvalidInput } from './errors.ts';
import type { LoadedModel } from './model-cache.ts';

const perceptronKind = 'normalised-perceptron';

/** Of an artifact's metadata: data from the store, not to be trusted more than any other. */
const settingsSchema = z.looseObject({
  inputs: z.number().int().min(1).max(100_000),
  hidden: z.array(z.number().int().min(1).max(100_000)).max(10),
  classes: z.number().int().min(2).max(10_000),
  normalization: z.enum(['none', 'layer', 'batch']),
  epsilon: z.number().min(0),
});

export const layerNormalisedPerceptron: ModelSource = {
  experiment: 'layer-norm/permutation-invariant-mnist',
  what: 'layer-normalised perceptron',
  filter: (trial) => propertyOf(trial, 'normalization') === 'layer',
};

/** Throws InvalidInput where the model is of another kind, or takes images of another size. */
export function askPerceptron(model: LoadedModel, images: ArrayLike<number>, pixels: number): Float64Array {
  const settings = readSettings(model);
  if (settings.inputs !== pixels) {
    throw new InvalidInput(`This model takes images of ${settings.inputs} pixels, and these have ${pixels}.`);
  }
  return perceptronProbabilities(model.tensors, settings, images);
}

export function readSettings({ digest, metadata }: LoadedModel): PerceptronSettings {
  if (metadata.kind !== perceptronKind) {
    throw new InvalidInput(`The artifact ${digest} is a '${metadata.kind}', and this asks for a '${perceptronKind}'.`);
  }
  const parsed = settingsSchema.safeParse(JSON.parse(metadata.settings ?? 'null'));
  if (!parsed.success)
    throw new InvalidRecord(keys.artifactModel(digest), z.prettifyError(parsed.error).replaceAll('\n', ' '));
  return parsed.data as unknown as PerceptronSettings;
}
