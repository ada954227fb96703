/** Vectors of sentences by an encoder that layer-norm/sentence-encoding trained. */
import { z } from 'zod';
import { tokenize } from '../../datasets/tokenize.ts';
import { encodeSentences as encodeNumbered } from '../../layer-norm/models/skip-thoughts.ts';
import { numberWords, restoreVocabulary, unknownWord } from '../../layer-norm/models/vocabulary.ts';
import { InvalidModel } from '../../training/errors.ts';
import { chooseArtifact, propertyOf } from '../choose-artifact.ts';
import type { Deadline } from '../deadline.ts';
import type { LoadedModel } from '../model-cache.ts';
import type { ApiPorts } from '../ports.ts';

export interface EncodedSentences {
  readonly model: LoadedModel;
  readonly dimensions: number;
  readonly vectors: number[][];
  /** Of each sentence, in its order. */
  readonly unknownWords: string[][];
}

const encoderSettings = z.object({
  units: z.number().int().positive(),
  wordUnits: z.number().int().positive(),
  normalization: z.enum(['none', 'layer']),
});

const source = {
  experiment: 'layer-norm/sentence-encoding',
  what: 'layer-normalised sentence encoder',
  filter: (trial: object) =>
    (propertyOf(trial, 'model') as { readonly normalization?: unknown } | undefined)?.normalization === 'layer',
};

/** As it is after its last update. Words that are not in its vocabulary are the unknown one, as in training. */
export async function encodeSentences(
  sentences: readonly string[],
  artifact: string | undefined,
  ports: ApiPorts,
  deadline: Deadline,
): Promise<EncodedSentences> {
  const [loaded] = await Promise.all([chooseArtifact(ports.models, source, artifact), ports.startTensorFlow()]);
  const { settings, vocabulary } = await ports.models.build(loaded.digest, 'sentence encoder', readEncoder);
  const words = sentences.map(tokenize);
  const numbered = words.map((own) => numberWords(vocabulary, own));
  const vectors = await encodeNumbered(loaded.tensors, numbered, settings, deadline.breathe);
  const { units } = settings;
  return {
    model: loaded,
    dimensions: units,
    vectors: sentences.map((_, row) => [...vectors.subarray(row * units, (row + 1) * units)]),
    unknownWords: words.map((own) => own.filter((word) => vocabulary.idOf(word) === unknownWord)),
  };
}

/** Throws InvalidModel. */
function readEncoder({ manifest, metadata }: LoadedModel) {
  const settings = encoderSettings.safeParse((manifest.trial as { readonly model?: unknown }).model);
  if (metadata.kind !== 'skip-thoughts' || metadata.vocabulary === undefined || !settings.success) {
    throw new InvalidModel(`its kind is '${metadata.kind}', not 'skip-thoughts' with a vocabulary`);
  }
  return { settings: settings.data, vocabulary: restoreVocabulary(metadata.vocabulary.split('\n')) };
}
