/**
 * Weights of VGG-16's convolutional layers for images in RGB, as one safetensors file: `conv1_1/kernel` [3, 3, 3, 64] and
 * `conv1_1/bias` [64] to conv5_1, float32, and `mean-colour` [3]. No package has the VGG-19 that neural art was made with;
 * whatever is brought is a stand-in.
 */
import { randomStream } from '../numerics/random.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensors } from '../numerics/safetensors.ts';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { type FeatureWeights, featureLayers, layersOfBlocks } from './feature-layers.ts';
import { checkedFile, type DatasetImporter } from './importer.ts';
import { findSourceFile, readSourceFile } from './source-files.ts';
import { readStandInNote } from './stand-ins/note.ts';

export const featuresFile = 'features.safetensors';
/** Twice what VGG-16's thirteen convolutional layers take. */
const mostBytes = 120_000_000;
/** Of the random features that smoke runs use. */
const standInChannels = [8, 8, 8, 8, 8] as const;

/** Throws DatasetCorrupt. */
export async function readVggFeatures(reader: DatasetReader): Promise<FeatureWeights> {
  return parseFeatures(await reader.file(featuresFile), featuresFile);
}

export const vggFeaturesImporter: DatasetImporter = {
  name: 'vgg-features',
  ownerFolderNames: ['vgg-features'],
  hasStandIn: true,
  makeStandIn: () => ({
    origin: 'stand-in',
    description: 'VGG features’ place holder: narrow layers of seeded random weights.',
    files: [checkedFile(featuresFile, encodeSafetensors(makeRandomFeatures(standInChannels)))],
  }),
  async read(folder) {
    const note = await readStandInNote('vgg-features', folder);
    const source = await findSourceFile('vgg-features', folder, [featuresFile]);
    const bytes = await readSourceFile(source, mostBytes);
    parseFeatures(bytes, source.path);
    const description = note ?? 'The user’s own weights of VGG-16’s convolutional layers.';
    return { origin: 'stand-in', description, files: [checkedFile(featuresFile, bytes)] };
  },
};

/** Throws DatasetCorrupt where a tensor is missing, has another shape or is not finite. */
function parseFeatures(bytes: Uint8Array, file: string): FeatureWeights {
  let tensors: NamedTensors;
  try {
    tensors = decodeSafetensors(bytes).tensors;
  } catch (cause) {
    throw new DatasetCorrupt(file, `it is no safetensors file (${(cause as Error).message})`, { cause });
  }
  const require = (name: string, shape: readonly number[]) => {
    const tensor = tensors[name];
    if (!tensor || !(tensor.data instanceof Float32Array) || tensor.shape.join() !== shape.join()) {
      const found = tensor ? `of shape [${tensor.shape}]` : 'missing';
      throw new DatasetCorrupt(file, `'${name}' must be float32 of shape [${shape}], and is ${found}`);
    }
    if (!tensor.data.every(Number.isFinite)) throw new DatasetCorrupt(file, `'${name}' is not finite everywhere`);
    return tensor.data;
  };
  const channels = layersOfBlocks.map((_, block) => tensors[`conv${block + 1}_1/bias`]?.shape[0] ?? 0);
  for (const { name, inputChannels, outputChannels } of featureLayers(channels)) {
    require(`${name}/kernel`, [3, 3, inputChannels, outputChannels]);
    require(`${name}/bias`, [outputChannels]);
  }
  return { channels, tensors, meanColour: [...require('mean-colour', [3])] };
}

/** Random weights that keep the features' size from layer to layer (He et al. 2015). */
export function makeRandomFeatures(channels: readonly number[]): NamedTensors {
  const tensors: Record<string, NamedTensors[string]> = {
    'mean-colour': { shape: [3], data: Float32Array.of(123, 117, 104) },
  };
  for (const { name, inputChannels, outputChannels } of featureLayers(channels)) {
    const kernel = new Float32Array(9 * inputChannels * outputChannels);
    randomStream(0, 'features', name).fillNormal(kernel, Math.sqrt(2 / (9 * inputChannels)));
    tensors[`${name}/kernel`] = { shape: [3, 3, inputChannels, outputChannels], data: kernel };
    tensors[`${name}/bias`] = { shape: [outputChannels], data: new Float32Array(outputChannels) };
  }
  return tensors;
}
