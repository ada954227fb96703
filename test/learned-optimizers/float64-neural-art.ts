/** The loss of neural art by its equations in float64, with plain loops: slow, and independent of both implementations. */
import { type FeatureWeights, featureLayers, layerWeights } from '../../lib/datasets/feature-layers.ts';
import {
  contentLayer,
  type NeuralArtWeights,
  styleLayers,
} from '../../lib/learned-optimizers/problems/neural-art-loss.ts';

interface FeatureMap {
  readonly side: number;
  readonly channels: number;
  readonly values: Float64Array;
}

/** F_l of every layer, by name. */
export function featureMaps(
  image: ArrayLike<number>,
  side: number,
  features: FeatureWeights,
): ReadonlyMap<string, FeatureMap> {
  let map: FeatureMap = {
    side,
    channels: 3,
    values: Float64Array.from(image, (value, i) => value - features.meanColour[i % 3]!),
  };
  const maps = new Map<string, FeatureMap>();
  for (const layer of featureLayers(features.channels)) {
    if (layer.isAfterPooling) map = pool(map);
    map = convolve(map, layerWeights(features, layer.name), layer.outputChannels);
    maps.set(layer.name, map);
  }
  return maps;
}

function pool({ side, channels, values }: FeatureMap): FeatureMap {
  const half = side / 2;
  const pooled = new Float64Array(half * half * channels);
  for (let i = 0; i < values.length; i++) {
    const [y, x] = [Math.floor(i / (side * channels)), Math.floor(i / channels) % side];
    pooled[((y >> 1) * half + (x >> 1)) * channels + (i % channels)]! += values[i]! / 4;
  }
  return { side: half, channels, values: pooled };
}

function convolve(
  { side, channels, values }: FeatureMap,
  { kernel, bias }: { kernel: Float32Array; bias: Float32Array },
  outputs: number,
): FeatureMap {
  const result = new Float64Array(side * side * outputs);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let output = 0; output < outputs; output++) {
        let sum = bias[output]!;
        for (let r = -1; r <= 1; r++) {
          for (let c = -1; c <= 1; c++) {
            if (y + r < 0 || y + r >= side || x + c < 0 || x + c >= side) continue;
            for (let input = 0; input < channels; input++) {
              const weight = kernel[(((r + 1) * 3 + c + 1) * channels + input) * outputs + output]!;
              sum += weight * values[((y + r) * side + x + c) * channels + input]!;
            }
          }
        }
        result[(y * side + x) * outputs + output] = Math.max(0, sum);
      }
    }
  }
  return { side, channels: outputs, values: result };
}

function gram({ side, channels, values }: FeatureMap, scale: number): Float64Array {
  const result = new Float64Array(channels * channels);
  for (let pixel = 0; pixel < side * side; pixel++) {
    for (let a = 0; a < channels; a++) {
      for (let b = 0; b < channels; b++) {
        result[a * channels + b]! +=
          (values[pixel * channels + a]! * values[pixel * channels + b]!) / (side * side * scale * scale);
      }
    }
  }
  return result;
}

/** f as a function of the image. */
export function neuralArtLoss64(
  side: number,
  features: FeatureWeights,
  weights: NeuralArtWeights,
  pictures: {
    readonly content: ArrayLike<number>;
    readonly style: ArrayLike<number>;
    readonly normalization: readonly ArrayLike<number>[];
  },
): (image: Float64Array) => number {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const normalizing = pictures.normalization.map((image) => featureMaps(image, side, features));
  const scaleOf = (layer: string) =>
    Math.sqrt(
      normalizing.reduce((sum, maps) => sum + mean(maps.get(layer)!.values.map((f) => f * f)) / normalizing.length, 0),
    );
  const content = featureMaps(pictures.content, side, features).get(contentLayer)!.values;
  const style = featureMaps(pictures.style, side, features);
  const meanSquare = (a: Float64Array, b: Float64Array) => mean(a.map((value, i) => (value - b[i]!) ** 2));

  return (image) => {
    const maps = featureMaps(image, side, features);
    const contentLoss = meanSquare(maps.get(contentLayer)!.values, content) / scaleOf(contentLayer) ** 2;
    let styleLoss = 0;
    for (const layer of styleLayers) {
      const scale = scaleOf(layer);
      styleLoss += meanSquare(gram(maps.get(layer)!, scale), gram(style.get(layer)!, scale)) / 4 / styleLayers.length;
    }
    let variation = 0;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (let colour = 0; colour < 3; colour++) {
          const at = (y * side + x) * 3 + colour;
          if (x + 1 < side) variation += (image[at + 3]! - image[at]!) ** 2 / side ** 2;
          if (y + 1 < side) variation += (image[at + 3 * side]! - image[at]!) ** 2 / side ** 2;
        }
      }
    }
    return weights.content * contentLoss + weights.style * styleLoss + weights.totalVariation * variation;
  };
}
