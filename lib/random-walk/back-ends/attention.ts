/**
 * DeepLab-attention (Chen et al. 2016, "Attention to Scale"): one LargeFOV runs over several scales of the image, and a small
 * network on the fc7 of all of them says for every place how much each scale counts.
 *
 *   w = softmax over scales of conv1×1(max(0, conv3×3(fc7 of all scales, side by side)))
 *   scores = Σ over scales of wₛ ⊙ scoresₛ
 *
 * Everything is resized to the first scale's scores. Single scales are supervised too, as there.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { BackEnd } from './back-end.ts';
import { normalizeColours, takeFeatures } from './image-input.ts';
import { largeFovLayers, runLargeFov } from './large-fov.ts';
import {
  convolveLayer,
  initializeLayers,
  joinChannels,
  type LayerShape,
  requireScales,
  resizeTo,
  scaleImages,
} from './layers.ts';
import type { AttentionSettings } from './settings.ts';

export function createAttention(settings: AttentionSettings): BackEnd {
  const { network, scales, attentionChannels } = settings;
  requireScales(scales);
  const layers: LayerShape[] = [
    ...largeFovLayers(network),
    {
      name: 'attention1',
      side: 3,
      inputs: network.fcChannels * scales.length,
      outputs: attentionChannels,
      initial: 'he',
    },
    { name: 'attention2', side: 1, inputs: attentionChannels, outputs: scales.length, initial: 'scores' },
  ];
  return {
    settings,
    initialize(seed, features) {
      const parameters = initializeLayers(layers, seed);
      if (features) takeFeatures(parameters, features);
      return parameters;
    },
    forward(parameters, images, dropout) {
      const colours = normalizeColours(images);
      const branches = scales.map((scale) => runLargeFov(network, parameters, scaleImages(colours, scale), dropout));
      const [first] = branches;
      const [, height, width] = first!.scores.shape;
      const fc7 = joinChannels(branches.map((branch) => resizeTo(branch.fc7, height, width)));
      const hidden = convolveLayer(parameters, 'attention1', fc7, { rectify: true });
      const weights = tf.softmax(convolveLayer(parameters, 'attention2', hidden, {}));
      const scaleScores = branches.map(({ scores }) => resizeTo(scores, height, width));
      const weighted = tf.split(weights, scales.length, 3).map((weight, index) => tf.mul(weight, scaleScores[index]!));
      return {
        scores: tf.addN(weighted) as tf.Tensor4D,
        scaleScores,
        conv1_1: first!.conv1_1,
        conv1_2: first!.conv1_2,
        deep: { fc6: first!.fc6, fc7: first!.fc7 },
      };
    },
  };
}
