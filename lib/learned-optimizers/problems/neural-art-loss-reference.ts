/** The loss of neural art in plain TensorFlow.js, as the equations have it, its gradient by automatic differentiation. */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations, which tfjs-core on its own does not do in Node.
import '@tensorflow/tfjs-layers';
import { type FeatureWeights, featureLayers, layerWeights } from '../../datasets/feature-layers.ts';
import { contentLayer, type NeuralArtLoss, type NeuralArtWeights, styleLayers } from './neural-art-loss.ts';

type Maps = Readonly<Record<string, tf.Tensor3D>>;

/** The same interface as the kernel's, on whichever TensorFlow.js backend is set. */
export function createNeuralArtLossReference({
  side,
  features,
  weights,
}: {
  readonly side: number;
  readonly features: FeatureWeights;
  readonly weights: NeuralArtWeights;
}): NeuralArtLoss {
  const layers = featureLayers(features.channels);
  const kernels = layers.map(({ name, inputChannels, outputChannels }) =>
    tf.tensor4d(layerWeights(features, name).kernel, [3, 3, inputChannels, outputChannels]),
  );
  const biases = layers.map(({ name }) => tf.tensor1d(layerWeights(features, name).bias));
  let scales: Readonly<Record<string, number>> = Object.fromEntries(layers.map(({ name }) => [name, 1]));
  let targets: Record<string, tf.Tensor> = {};
  const keep = (name: string, target: tf.Tensor) => {
    targets[name]?.dispose();
    targets = { ...targets, [name]: tf.keep(target) };
  };

  /** F_l of every layer, undivided. */
  const forward = (image: tf.Tensor): Maps => {
    let map: tf.Tensor3D = tf.sub(tf.reshape(image, [side, side, 3]), tf.tensor1d([...features.meanColour]));
    const maps: Record<string, tf.Tensor3D> = {};
    for (const [index, { name, isAfterPooling }] of layers.entries()) {
      if (isAfterPooling) map = tf.avgPool(map, 2, 2, 'valid');
      map = tf.relu(tf.add(tf.conv2d(map, kernels[index]!, 1, 'same'), biases[index]!));
      maps[name] = map;
    }
    return maps;
  };
  const scaled = (maps: Maps, name: string) => tf.div<tf.Tensor3D>(maps[name]!, scales[name]!);
  const gram = (maps: Maps, name: string) => {
    const map = scaled(maps, name);
    const rows = tf.reshape<tf.Rank.R2>(map, [-1, map.shape[2]]);
    return tf.div<tf.Tensor2D>(tf.matMul(rows, rows, true, false), rows.shape[0]);
  };
  const loss = (image: tf.Tensor): tf.Scalar => {
    const maps = forward(image);
    const meanSquare = (a: tf.Tensor, b: tf.Tensor) => tf.mean(tf.square(tf.sub(a, b)));
    const content = meanSquare(scaled(maps, contentLayer), targets[contentLayer]!);
    // 1/(4 N²) Σ over N² entries is a quarter of their mean.
    const styles = styleLayers.map((name) => tf.div(meanSquare(gram(maps, name), targets[`gram ${name}`]!), 4));
    const style = tf.mean(tf.stack(styles));
    const pixels = tf.reshape<tf.Rank.R3>(image, [side, side, 3]);
    const down = tf.sub(tf.slice(pixels, [1, 0, 0]), tf.slice(pixels, [0, 0, 0], [side - 1, side, 3]));
    const right = tf.sub(tf.slice(pixels, [0, 1, 0]), tf.slice(pixels, [0, 0, 0], [side, side - 1, 3]));
    const variation = tf.div(tf.add(tf.sum(tf.square(down)), tf.sum(tf.square(right))), side * side);
    return tf.addN([
      tf.mul(weights.content, content),
      tf.mul(weights.style, style),
      tf.mul(weights.totalVariation, variation),
    ]) as tf.Scalar;
  };

  return {
    side,
    normalize(images) {
      const sums = layers.map(() => 0);
      for (const image of images) {
        tf.tidy(() => {
          const maps = forward(tf.tensor1d(image));
          for (const [index, { name }] of layers.entries())
            sums[index]! += tf.mean(tf.square(maps[name]!)).dataSync()[0]!;
        });
      }
      scales = Object.fromEntries(
        layers.map(({ name }, index) => [name, sums[index]! > 0 ? Math.sqrt(sums[index]! / images.length) : 1]),
      );
    },
    setContent(image) {
      tf.tidy(() => keep(contentLayer, scaled(forward(tf.tensor1d(image)), contentLayer)));
    },
    setStyle(image) {
      tf.tidy(() => {
        const maps = forward(tf.tensor1d(image));
        for (const name of styleLayers) keep(`gram ${name}`, gram(maps, name));
      });
    },
    lossAndGradient(image, gradient) {
      return tf.tidy(() => {
        const { value, grad } = tf.valueAndGrad(loss)(tf.tensor1d(image));
        gradient.set(tf.mul(grad, side * side).dataSync());
        return value.dataSync()[0]!;
      });
    },
    dispose() {
      tf.dispose([kernels, biases, targets]);
    },
  };
}
