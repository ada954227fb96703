/** The convolutional network on the SIMD kernel (assembly/convolutional-network.ts). */
import { detectWasmBackend } from '../numerics/backend.ts';
import { type ConvolutionExports, scratchBytes } from './convolution-kernel.ts';
import {
  type ConvolutionalNetwork,
  type ConvolutionalNetworkShape,
  checkConvolutionalNetworkShape,
  convolutionalNetworkTensors,
  normalizationEpsilon,
} from './convolutional-network.ts';
import { layOutLayers } from './convolutional-network-layers.ts';
import { KernelShapeError } from './errors.ts';
import { createKernelMemory, loadKernelModule } from './kernel-memory.ts';
import { createThreadPool } from './thread-pool.ts';
import { allocateSharedMemory, instantiateModule } from './web-assembly.ts';

export interface ConvolutionalNetworkOptions {
  /** Threads that work on a call, the caller's included; 1 by default. Results are equal to the bit for any number. */
  readonly threads?: number;
  /** What `detectWasmBackend` says, by default. */
  readonly backend?: 'wasm-relaxed' | 'wasm-plain';
}

const binaries = {
  'wasm-relaxed': new URL('./build/convolutional-network.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/convolutional-network.plain.wasm', import.meta.url),
};

type Addresses = readonly number[];
/** The assembly sources say what each takes. */
interface NetworkExports extends ConvolutionExports {
  combineMoments(...sumsImagesPixelsChannelsEpsilonMoments: Addresses): void;
  combineGradients(...sumsImagesChannelsCountOffsetGradientMeans: Addresses): void;
  measure(...valuesPixelsChannelsSums: Addresses): void;
  normalize(...valuesPixelsChannelsMomentsOffsetTarget: Addresses): void;
  maskGradient(...valuesGradientPixelsChannelsMomentsOffsetSums: Addresses): void;
  normalizationGradient(...valuesGradientPixelsChannelsMomentsMeans: Addresses): void;
  denseForward(...inputInputsWidthBatchWeightsBiasOutWidth: Addresses): void;
  denseBackward(...inputInputsWidthBatchWeightsDeltaWidthWeightGradientInputDelta: Addresses): void;
  sumRows(...deltaBatchWidthBiasGradient: Addresses): void;
  softmaxCrossEntropy(...logitsLabelsBatchClassesWidthDelta: Addresses): number;
}

/** Throws KernelShapeError for shapes and options out of range, KernelBackendError where the backend cannot run here. */
export function createConvolutionalNetworkKernel(
  shape: ConvolutionalNetworkShape,
  { threads = 1, backend = detectWasmBackend() }: ConvolutionalNetworkOptions = {},
): ConvolutionalNetwork {
  checkConvolutionalNetworkShape(shape);
  if (!Number.isInteger(threads) || threads < 1) {
    throw new KernelShapeError(`threads must be a positive whole number, got ${threads}.`);
  }
  const { batch, height, width, colours, hidden, classes } = shape;
  const coordinates = Object.values(convolutionalNetworkTensors(shape)).reduce(
    (sum, lengths) => sum + lengths.reduce((product, length) => product * length, 1),
    0,
  );
  const module = loadKernelModule(binaries, backend);
  const { heapBase } = instantiateModule<NetworkExports>(module, allocateSharedMemory(1));
  const memory = createKernelMemory(heapBase(), capacityOf(shape, coordinates) + threads * (scratchBytes + 64));
  const kernel = instantiateModule<NetworkExports>(module, memory.memory);
  const scratch = Array.from({ length: threads }, () => memory.allocate(scratchBytes));
  const functionNames = ['forwardImage', 'backwardShare'];
  const pool = createThreadPool({ module, memory: memory.memory, functionNames, scratch });

  const { allocate } = memory;
  const floats = (count: number) => allocate(4 * count);
  const images = allocate(batch * height * width * colours);
  const labels = allocate(batch);
  const theta = memory.allocateFloats(coordinates);
  const gradient = memory.allocateFloats(coordinates);
  const layers = layOutLayers(shape, memory, theta.byteOffset, images);
  const top = layers.at(-1)!;
  const flat = ((height * width) / 4 ** layers.length) * top.shape.outputChannels;
  const classWidth = Math.ceil(classes / 4) * 4;
  const linear = {
    weights: top.filter + 4 * (top.shape.kernelSize ** 2 * top.shape.inputChannels + 1) * top.shape.outputChannels,
    zeros: floats(hidden),
    values: floats(batch * hidden),
    activations: floats(batch * hidden),
    delta: floats(batch * hidden),
    moments: floats(2 * hidden),
    sums: floats(2 * hidden),
    means: floats(2 * hidden),
    lastWeights: memory.allocateFloats(hidden * classWidth),
    lastBiases: memory.allocateFloats(classWidth),
    lastWeightGradient: memory.allocateFloats(hidden * classWidth),
    lastBiasGradient: memory.allocateFloats(classWidth),
    logits: floats(batch * classWidth),
    logitDelta: floats(batch * classWidth),
  };
  const offset = linear.weights + 4 * flat * hidden;
  /** In floats: where the last layer's weights lie in θ. */
  const last = (offset - theta.byteOffset) / 4 + hidden;
  /** From an address in θ to the same place in its gradient. */
  const toGradient = gradient.byteOffset - theta.byteOffset;

  const forwardLinear = () => {
    const { below: _, pooled, moments: topMoments, offset: topOffset, activations } = top.fields;
    const pixels = batch * (flat / top.shape.outputChannels);
    kernel.normalize(pooled, pixels, top.shape.outputChannels, topMoments, topOffset, activations);
    kernel.denseForward(activations, flat, flat, batch, linear.weights, linear.zeros, linear.values, hidden);
    kernel.measure(linear.values, batch, hidden, linear.sums);
    kernel.combineMoments(linear.sums, 1, batch, hidden, normalizationEpsilon, linear.moments);
    kernel.normalize(linear.values, batch, hidden, linear.moments, offset, linear.activations);
    for (let row = 0; row < hidden; row++) {
      linear.lastWeights.set(theta.subarray(last + row * classes, last + (row + 1) * classes), row * classWidth);
    }
    linear.lastBiases.set(theta.subarray(last + hidden * classes, last + (hidden + 1) * classes));
    const { byteOffset: weights } = linear.lastWeights;
    const { byteOffset: biases } = linear.lastBiases;
    kernel.denseForward(linear.activations, hidden, hidden, batch, weights, biases, linear.logits, classWidth);
    return kernel.softmaxCrossEntropy(linear.logits, labels, batch, classes, classWidth, linear.logitDelta);
  };

  /** Ends with ∂/∂ the top convolutional layer's activations, masked and summed. */
  const backwardLinear = () => {
    const { lastWeights, lastWeightGradient, lastBiasGradient, logitDelta, activations, delta } = linear;
    lastWeightGradient.fill(0);
    const { byteOffset: weights } = lastWeights;
    const { byteOffset: weightGradient } = lastWeightGradient;
    kernel.denseBackward(activations, hidden, hidden, batch, weights, logitDelta, classWidth, weightGradient, delta);
    kernel.sumRows(logitDelta, batch, classWidth, lastBiasGradient.byteOffset);
    for (let row = 0; row < hidden; row++) {
      const from = row * classWidth;
      gradient.set(lastWeightGradient.subarray(from, from + classes), last + row * classes);
    }
    gradient.set(lastBiasGradient.subarray(0, classes), last + hidden * classes);

    kernel.maskGradient(linear.values, delta, batch, hidden, linear.moments, offset, linear.sums);
    kernel.combineGradients(linear.sums, 1, hidden, batch, offset + toGradient, linear.means);
    kernel.normalizationGradient(linear.values, delta, batch, hidden, linear.moments, linear.means);
    const { fields, shape: topShape } = top;
    const channels = topShape.outputChannels;
    const target = linear.weights + toGradient;
    gradient.fill(0, (linear.weights - theta.byteOffset) / 4, (offset - theta.byteOffset) / 4);
    kernel.denseBackward(fields.activations, flat, flat, batch, linear.weights, delta, hidden, target, fields.gradient);
    const pixels = flat / channels;
    for (let image = 0; image < batch; image++) {
      const at = 4 * image * flat;
      const sums = fields.sums + 8 * image * channels;
      const { pooled, moments } = fields;
      kernel.maskGradient(pooled + at, fields.gradient + at, pixels, channels, moments, fields.offset, sums);
    }
  };

  return {
    coordinates,
    images: new Uint8Array(memory.memory.buffer, images, batch * height * width * colours),
    labels: new Uint8Array(memory.memory.buffer, labels, batch),

    lossAndGradient(at, result) {
      if (at.length !== coordinates || result.length !== coordinates) {
        throw new KernelShapeError(
          `theta and gradient must have ${coordinates} elements, one a coordinate, got ${at.length} and ${result.length}.`,
        );
      }
      theta.set(at);
      for (const layer of layers) {
        const { kernelSize, inputChannels, outputChannels, height, width } = layer.shape;
        const { sums, moments } = layer.fields;
        kernel.packFilter(layer.filter, kernelSize, inputChannels, outputChannels, layer.packed);
        kernel.packTurnedFilter(layer.filter, kernelSize, inputChannels, outputChannels, layer.turned);
        pool.run('forwardImage', layer.job, batch);
        kernel.combineMoments(sums, batch, height * width, outputChannels, normalizationEpsilon, moments);
      }
      const loss = forwardLinear();
      backwardLinear();
      for (const layer of layers.toReversed()) {
        const { kernelSize, inputChannels, outputChannels, height, width } = layer.shape;
        const { sums, means, offset: layerOffset } = layer.fields;
        const { partials, partialCount } = layer;
        kernel.combineGradients(sums, batch, outputChannels, batch * height * width, layerOffset + toGradient, means);
        pool.run('backwardShare', layer.job, partialCount);
        const target = layer.filter + toGradient;
        kernel.unpackFilterGradient(partials, partialCount, kernelSize, inputChannels, outputChannels, target);
      }
      result.set(gradient);
      return loss;
    },

    dispose: () => pool.dispose(),
  };
}

/** Bytes for all arrays, generously: what is never written to costs nothing. */
function capacityOf(shape: ConvolutionalNetworkShape, coordinates: number): number {
  const { batch, height, width, colours, filters, hidden, classes } = shape;
  const pixels = batch * height * width;
  const widest = Math.max(colours, ...filters);
  // Inputs, values and three pooled arrays a layer, at most as large as the first layer's.
  const convolutional = filters.length * pixels * widest * (4 + 3) + 5 * pixels * colours;
  const workspaces = filters.length * 2 ** 20 + 64 * 4 * coordinates;
  const linear = 4 * (batch + hidden) * (hidden + classes + 4) * 8;
  return convolutional + workspaces + linear + 2 ** 20;
}
