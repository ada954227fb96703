/** Models as their experiments leave them, small and untrained: what an endpoint computes is right or wrong all the same. */
import type { LineEncoding } from '../../lib/layer-norm/models/handwriting-data.ts';
import { initializeHandwriting } from '../../lib/layer-norm/models/handwriting-network.ts';
import { createNormalisedPerceptron } from '../../lib/layer-norm/models/normalised-perceptron.ts';
import type { PerceptronSettings } from '../../lib/layer-norm/models/perceptron-layers.ts';
import { initializeSkipThoughts } from '../../lib/layer-norm/models/skip-thoughts.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { prefix } from '../../lib/numerics/tensor-names.ts';
import { createBackEnd } from '../../lib/random-walk/back-ends/back-end.ts';
import { backEndOfSize } from '../../lib/random-walk/back-ends/settings.ts';
import { createJointNetwork } from '../../lib/random-walk/joint-network.ts';
import type { StoredModel } from './api-world.ts';

export const perceptronSettings: PerceptronSettings = {
  inputs: 784,
  hidden: [8, 12],
  classes: 10,
  normalization: 'layer',
  epsilon: 1e-5,
  batchVariance: 'biased',
  runningDecay: 0.9,
};

export function samplePerceptron(settings = perceptronSettings, seed = 1): StoredModel {
  const perceptron = createNormalisedPerceptron(settings, 1, 'wasm-plain');
  const random = randomStream(seed, 'sample perceptron');
  perceptron.initialize(random);
  // Gains of 1 and biases of 0 would hide where one of them is left out.
  for (const [index, value] of perceptron.parameters.entries())
    perceptron.parameters[index] = value + 0.1 * random.normal();
  return {
    experiment: 'layer-norm/permutation-invariant-mnist',
    trial: { name: `batch-128/${settings.normalization}/seed-${seed}`, normalization: settings.normalization },
    tensors: perceptron.tensors(),
    metadata: { kind: 'normalised-perceptron', settings: JSON.stringify(settings) },
  };
}

export const encoderSettings = { units: 6, wordUnits: 5, normalization: 'layer' } as const;
export const encoderWords = ['<end>', '<unknown>', 'a', 'dog', 'runs', 'cat', 'sleeps', '.'];

export function sampleEncoder(): StoredModel {
  const tensors = initializeSkipThoughts(encoderSettings, encoderWords.length, 1);
  return {
    experiment: 'layer-norm/sentence-encoding',
    trial: { name: 'layer/seed-1', model: encoderSettings },
    tensors,
    metadata: { kind: 'skip-thoughts', vocabulary: encoderWords.join('\n') },
  };
}

export const handwritingSettings = {
  layers: 1,
  units: 8,
  normalization: 'layer',
  windowComponents: 2,
  mixtureComponents: 2,
} as const;
export const handwritingEncoding: LineEncoding = {
  source: 'font',
  alphabet: [...'abc <'],
  mean: [0.1, 0],
  deviation: [1, 1.5],
  charactersPerPoint: 0.2,
};

export function sampleHandwriting(): StoredModel {
  const alphabetSize = handwritingEncoding.alphabet.length + 1;
  return {
    experiment: 'layer-norm/handwriting',
    trial: { name: 'layer/seed-1', network: handwritingSettings },
    tensors: initializeHandwriting(randomStream(1, 'parameters'), handwritingSettings, alphabetSize, 0.2),
    metadata: {
      kind: 'handwriting',
      network: JSON.stringify(handwritingSettings),
      encoding: JSON.stringify(handwritingEncoding),
    },
  };
}

export const segmentationClasses = ['sky', 'road', 'tree'];
const walkNetwork = {
  affinityFeatures: 'rgb-conv1',
  radius: 2,
  walkStride: 8,
  affinityLossWeight: 1,
  initialColourWeight: -10,
} as const;

/** Needs TensorFlow.js. */
export function sampleSegmentation(dataset?: { readonly name: string; readonly version: string }): StoredModel {
  const backEnd = backEndOfSize('large-fov', 'tiny', segmentationClasses.length);
  const trained = createBackEnd(backEnd).initialize(1);
  const joint = createJointNetwork({ backEnd, ...walkNetwork }).initialize(trained);
  return {
    experiment: 'random-walk/segmentation',
    trial: {
      name: 'large-fov/seed-1',
      backEnd: 'large-fov',
      dataset: dataset?.name ?? 'voc-segmentation',
      variants: [{ name: 'random-walk', network: walkNetwork, affinityRateFactor: 1 }],
    },
    tensors: { ...prefix('alone', trained), ...prefix('random-walk', joint) },
    metadata: { kind: 'segmentation networks', backEnd: JSON.stringify(backEnd) },
    ...(dataset && { datasets: [dataset] }),
  };
}
