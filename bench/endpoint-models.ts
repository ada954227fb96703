/**
 * A store with a model for each computing endpoint, as the experiments' runs leave them: of the experiments' own structures, near 5 MB
 * each, and untrained, for how long an answer takes does not depend on how good it is.
 */
import type { LineEncoding } from '../lib/layer-norm/models/handwriting-data.ts';
import { type HandwritingSettings, initializeHandwriting } from '../lib/layer-norm/models/handwriting-network.ts';
import { createNormalisedPerceptron } from '../lib/layer-norm/models/normalised-perceptron.ts';
import type { PerceptronSettings } from '../lib/layer-norm/models/perceptron-layers.ts';
import { initializeSkipThoughts } from '../lib/layer-norm/models/skip-thoughts.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { encodeSafetensors, type NamedTensors } from '../lib/numerics/safetensors.ts';
import { prefix } from '../lib/numerics/tensor-names.ts';
import { sha256 } from '../lib/pipeline/digest.ts';
import { keys } from '../lib/pipeline/keys.ts';
import { artifactManifestSchema, formatRecord } from '../lib/pipeline/records.ts';
import { addToResultIndex } from '../lib/pipeline/result-index.ts';
import { createBackEnd } from '../lib/random-walk/back-ends/back-end.ts';
import { backEndOfSize } from '../lib/random-walk/back-ends/settings.ts';
import { createJointNetwork, type JointSettings } from '../lib/random-walk/joint-network.ts';
import type { ObjectStore } from '../lib/storage/object-store.ts';

export interface BenchModel {
  readonly experiment: string;
  readonly trial: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

export const perceptronSettings: PerceptronSettings = {
  ...{ inputs: 784, hidden: [880, 600], classes: 10, normalization: 'layer' },
  ...{ epsilon: 1e-5, batchVariance: 'biased', runningDecay: 0.9 },
};

export function benchPerceptron(): BenchModel {
  const perceptron = createNormalisedPerceptron(perceptronSettings, 1, 'wasm-relaxed');
  perceptron.initialize(randomStream(0, 'bench'));
  return {
    experiment: 'layer-norm/permutation-invariant-mnist',
    trial: { name: 'layer/seed-0', normalization: 'layer' },
    tensors: perceptron.tensors(),
    metadata: { kind: 'normalised-perceptron', settings: JSON.stringify(perceptronSettings) },
  };
}

export const encoderSettings = { units: 128, wordUnits: 64, normalization: 'layer' } as const;
export const vocabulary = ['<end>', '<unknown>', ...Array.from({ length: 4998 }, (_, index) => `word${index}`)];

export function benchEncoder(): BenchModel {
  return {
    experiment: 'layer-norm/sentence-encoding',
    trial: { name: 'layer/seed-0', model: encoderSettings },
    tensors: initializeSkipThoughts(encoderSettings, vocabulary.length, 0),
    metadata: { kind: 'skip-thoughts', vocabulary: vocabulary.join('\n') },
  };
}

export const handwritingSettings: HandwritingSettings = {
  ...{ layers: 3, units: 230, normalization: 'layer' },
  ...{ windowComponents: 5, mixtureComponents: 10 },
};
export const lineEncoding: LineEncoding = {
  ...{ source: 'made', alphabet: [...'abcdefghijklmnopqrstuvwxyz '], mean: [0.1, 0], deviation: [1, 1.5] },
  charactersPerPoint: 0.2,
};

export function benchHandwriting(): BenchModel {
  const { alphabet, charactersPerPoint } = lineEncoding;
  const random = randomStream(0, 'bench');
  return {
    experiment: 'layer-norm/handwriting',
    trial: { name: 'layer/seed-0', network: handwritingSettings },
    tensors: initializeHandwriting(random, handwritingSettings, alphabet.length + 1, charactersPerPoint),
    metadata: {
      kind: 'handwriting',
      network: JSON.stringify(handwritingSettings),
      encoding: JSON.stringify(lineEncoding),
    },
  };
}

export const backEnd = backEndOfSize('large-fov', 'small', 11);
export const affinityFeatures = 'rgb-conv1';

/** Needs TensorFlow.js. */
export function benchSegmentation(): BenchModel {
  const network: Omit<JointSettings, 'backEnd'> = {
    ...{ affinityFeatures, radius: 5, walkStride: 8 },
    ...{ affinityLossWeight: 1, initialColourWeight: -10 },
  };
  const alone = createBackEnd(backEnd).initialize(0);
  const joint = createJointNetwork({ backEnd, ...network }).initialize(alone);
  return {
    experiment: 'random-walk/segmentation',
    trial: {
      ...{ name: 'large-fov/seed-0', backEnd: 'large-fov', dataset: 'voc-segmentation' },
      variants: [{ name: 'random-walk', network, affinityRateFactor: 1 }],
    },
    // The experiment's artifact has what each of its phases ended with.
    tensors: { ...prefix('back-end', alone), ...prefix('alone', alone), ...prefix('random-walk', joint) },
    metadata: { kind: 'segmentation networks', backEnd: JSON.stringify(backEnd) },
  };
}

export interface StoredArtifact {
  readonly digest: string;
  readonly bytes: number;
}

/** As the only trial of a finished run. */
export async function storeBenchModel(
  store: ObjectStore,
  { experiment, trial, tensors, metadata }: BenchModel,
): Promise<StoredArtifact> {
  const model = encodeSafetensors(tensors, metadata);
  const digest = sha256(model).slice(0, 32);
  const run = `20260101-000000-000-${experiment.split('/')[1]}-laptop-0000`;
  const manifest = artifactManifestSchema.parse({
    ...{ formatVersion: 1, digest, experiment, trial, datasets: [] },
    ...{ backend: 'wasm-relaxed', code: '0'.repeat(16) },
    files: { 'model.safetensors': sha256(model), 'metrics.jsonl': sha256('') },
  });
  await store.put(keys.artifactModel(digest), model);
  await store.put(keys.artifactManifest(digest), formatRecord(manifest));
  await store.put(keys.trials(run), `${JSON.stringify({ trial, digest })}\n`);
  const finishedAt = '2026-01-01T00:00:00.000Z';
  await addToResultIndex(store, { run, experiment, preset: 'laptop', outcome: 'holds', finishedAt });
  return { digest, bytes: model.length };
}
