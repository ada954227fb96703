/**
 * The loss of neural art on the convolution kernel: forward through all layers, back through all of them with respect to
 * the image only. A Gram matrix and its adjoint are 1 × 1 convolutions, whose filter gradient is FᵀF.
 */

import { type FeatureLayer, type FeatureWeights, featureLayers, layerWeights } from '../../datasets/feature-layers.ts';
import type { Convolution } from '../../kernels/convolution.ts';
import { convolutionSizes } from '../../kernels/convolution.ts';
import { convolutionBytes, createConvolutionKernels } from '../../kernels/convolution-kernel.ts';
import { averagePool, biasAndRelu, maskByActivation, spreadPooled } from './feature-map-operations.ts';
import { contentLayer, type NeuralArtLoss, type NeuralArtWeights, styleLayers } from './neural-art-loss.ts';

interface Layer extends FeatureLayer {
  readonly side: number;
  readonly convolution: Convolution;
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  /** What the convolution reads, and ∂/∂ of it: of a pooled layer its own, else the layer's before. */
  readonly input: Float32Array;
  readonly inputGradient: Float32Array;
  /** Behind the ReLU, [side, side, outputChannels], and ∂/∂ of it. */
  readonly features: Float32Array;
  readonly gradient: Float32Array;
  /** Features are divided by it. */
  scale: number;
}

interface StyleLayer {
  readonly layer: Layer;
  readonly gramConvolution: Convolution;
  /** G(x), then G(x) − G(style); [channels, channels] */
  readonly gram: Float32Array;
  readonly target: Float32Array;
  readonly adjoint: Float32Array;
}

/** @param options.side of the image, a multiple of `sideMultiple` */
export function createNeuralArtLossKernel(options: {
  readonly side: number;
  readonly features: FeatureWeights;
  readonly weights: NeuralArtWeights;
  readonly threads: number;
  readonly backend: 'wasm-relaxed' | 'wasm-plain';
}): NeuralArtLoss {
  const { side, features, weights, threads, backend } = options;
  const pixels = side * side;
  const shapes = featureLayers(features.channels).map((layer) => ({
    layer,
    shape: { images: 1, ...squareOf(side, layer), ...channelsOf(layer), kernelSize: 3 },
    gramShape: { images: 1, ...squareOf(side, layer), ...gramChannelsOf(layer), kernelSize: 1 },
  }));
  const capacityBytes = shapes.reduce((bytes, { shape, gramShape }) => {
    const { input, filter, output } = convolutionSizes(shape);
    const gram = 3 * convolutionSizes(gramShape).filter + output;
    return bytes + 4 * (2 * input + filter + 2 * output + gram) + convolutionBytes(shape) + convolutionBytes(gramShape);
  }, 65_536);
  const kernels = createConvolutionKernels({ capacityBytes, threads, backend });

  const layers: Layer[] = [];
  for (const { layer, shape } of shapes) {
    const { input, filter, output } = convolutionSizes(shape);
    const { kernel, bias } = layerWeights(features, layer.name);
    const fixed = kernels.allocate(filter);
    fixed.set(kernel);
    const before = layers.at(-1);
    const hasOwnInput = before === undefined || layer.isAfterPooling;
    layers.push({
      ...layer,
      side: shape.width,
      convolution: kernels.convolution(shape, fixed),
      kernel: fixed,
      bias,
      input: hasOwnInput ? kernels.allocate(input) : before.features,
      inputGradient: hasOwnInput ? kernels.allocate(input) : before.gradient,
      features: kernels.allocate(output),
      gradient: kernels.allocate(output),
      scale: 1,
    });
  }
  const content = layers.find(({ name }) => name === contentLayer)!;
  const contentTarget = new Float32Array(content.features.length);
  const styles = styleLayers.map((name): StyleLayer => {
    const index = layers.findIndex((layer) => layer.name === name);
    const { gramShape } = shapes[index]!;
    const { filter, output } = convolutionSizes(gramShape);
    return {
      layer: layers[index]!,
      gramConvolution: kernels.convolution(gramShape),
      gram: kernels.allocate(filter),
      target: new Float32Array(filter),
      adjoint: kernels.allocate(output),
    };
  });

  const forward = (image: Float32Array) => {
    subtractColour(image, features.meanColour, layers[0]!.input);
    for (const [index, layer] of layers.entries()) {
      if (layer.isAfterPooling) averagePool(layers[index - 1]!.features, layer.side, layer.inputChannels, layer.input);
      layer.convolution.forward(layer.input, layer.kernel, layer.features);
      biasAndRelu(layer.features, layer.bias);
    }
  };
  /** G = FᵀF / (M s²) of a style layer's current features. */
  const computeGram = ({ layer, gramConvolution, gram }: StyleLayer) => {
    gramConvolution.filterGradient(layer.features, layer.features, gram);
    const factor = 1 / (layer.side ** 2 * layer.scale ** 2);
    for (let i = 0; i < gram.length; i++) gram[i]! *= factor;
  };
  /** Of the content term; ∂/∂F is added to the layer's gradient. */
  const addContent = () => {
    const { features: current, gradient, scale } = content;
    const factor = weights.content / (current.length * scale ** 2);
    let sum = 0;
    for (let i = 0; i < current.length; i++) {
      const difference = current[i]! - contentTarget[i]!;
      sum += difference * difference;
      gradient[i]! += 2 * pixels * factor * difference;
    }
    return factor * sum;
  };
  /** Of one layer's style term; ∂/∂F = F (G − A) / (N² M s²) is added to the layer's gradient. */
  const addStyle = (style: StyleLayer) => {
    const { layer, gramConvolution, gram, target, adjoint } = style;
    const { gradient, outputChannels, scale } = layer;
    computeGram(style);
    let sum = 0;
    for (let i = 0; i < gram.length; i++) {
      const difference = gram[i]! - target[i]!;
      sum += difference * difference;
      gram[i] = difference;
    }
    // G − A is symmetric, so its transpose as a filter is itself.
    gramConvolution.forward(layer.features, gram, adjoint);
    const weight = weights.style / styles.length / outputChannels ** 2;
    const factor = (pixels * weight) / (layer.side ** 2 * scale ** 2);
    for (let i = 0; i < gradient.length; i++) gradient[i]! += factor * adjoint[i]!;
    return (weight / 4) * sum;
  };

  return {
    side,
    normalize(images) {
      const squares = layers.map(() => 0);
      for (const image of images) {
        forward(image);
        for (const [index, layer] of layers.entries()) squares[index]! += meanSquare(layer.features) / images.length;
      }
      // A layer that is dead on every image says nothing, and must not be divided by nothing.
      for (const [index, layer] of layers.entries()) layer.scale = squares[index]! > 0 ? Math.sqrt(squares[index]!) : 1;
    },
    setContent(image) {
      forward(image);
      contentTarget.set(content.features);
    },
    setStyle(image) {
      forward(image);
      for (const style of styles) {
        computeGram(style);
        style.target.set(style.gram);
      }
    },
    lossAndGradient(image, gradient) {
      forward(image);
      let loss = 0;
      layers.at(-1)!.gradient.fill(0);
      for (let index = layers.length - 1; index >= 0; index--) {
        const layer = layers[index]!;
        const style = styles.find((candidate) => candidate.layer === layer);
        if (layer === content) loss += addContent();
        if (style) loss += addStyle(style);
        maskByActivation(layer.gradient, layer.features);
        layer.convolution.inputGradient(layer.gradient, layer.kernel, layer.inputGradient);
        if (layer.isAfterPooling) {
          spreadPooled(layer.inputGradient, layer.side, layer.inputChannels, layers[index - 1]!.gradient);
        }
      }
      gradient.set(layers[0]!.inputGradient);
      return loss + addTotalVariation(image, side, weights.totalVariation, gradient);
    },
    dispose: () => kernels.dispose(),
  };
}

function squareOf(side: number, { shrinkage }: FeatureLayer) {
  return { height: side / shrinkage, width: side / shrinkage };
}

function channelsOf({ inputChannels, outputChannels }: FeatureLayer) {
  return { inputChannels, outputChannels };
}

function gramChannelsOf({ outputChannels }: FeatureLayer) {
  return { inputChannels: outputChannels, outputChannels };
}

function subtractColour(image: Float32Array, colour: readonly number[], target: Float32Array): void {
  for (let i = 0; i < image.length; i++) target[i] = image[i]! - colour[i % 3]!;
}

function meanSquare(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return sum / values.length;
}

/** γ · 1/(H W) · Σ of squared differences of neighbours, returned; H·W times its gradient is added to `gradient`. */
function addTotalVariation(image: Float32Array, side: number, weight: number, gradient: Float32Array): number {
  const row = 3 * side;
  let sum = 0;
  for (let i = 0; i < image.length; i++) {
    if (i % row < row - 3) {
      const difference = image[i + 3]! - image[i]!;
      sum += difference * difference;
      gradient[i + 3]! += 2 * weight * difference;
      gradient[i]! -= 2 * weight * difference;
    }
    if (i < image.length - row) {
      const difference = image[i + row]! - image[i]!;
      sum += difference * difference;
      gradient[i + row]! += 2 * weight * difference;
      gradient[i]! -= 2 * weight * difference;
    }
  }
  return (weight * sum) / side ** 2;
}
