/**
 * DeepLab-v2 (Chen et al. 2016): a residual network whose last two stages are dilated by 2 and 4 in place of striding, and
 * above it a pyramid of dilated 3 × 3 convolutions to class scores, summed (ASPP). It runs over several scales of the image
 * with the same parameters, and for every place and class the largest score counts.
 *
 * Where it differs from ResNet-101, and why:
 * - The paper takes conv1_1 and conv1_2 at full resolution and does not say of what where the back-end is residual: ResNet's
 *   only early layer strides. Here its 7 × 7 convolution is three of 3 × 3 (as in later ResNets), of which the first two,
 *   as VGG's, do not stride: they are conv1_1 and conv1_2, trained by both branches, and begin as VGG's where those are given.
 * - There is no batch normalization. DeepLab freezes the statistics that ImageNet left, which do not exist here; instead
 *   every block begins as the identity, its last convolution zero (Zhang et al. 2019).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { BackEnd } from './back-end.ts';
import { InvalidBackEnd } from './errors.ts';
import { normalizeColours, takeFeatures } from './image-input.ts';
import {
  convolveLayer,
  initializeLayers,
  type LayerShape,
  maxPool,
  requireScales,
  resizeTo,
  scaleImages,
  type TensorByName,
} from './layers.ts';
import type { ResidualSettings } from './settings.ts';

/** Of the four stages: a quarter of the resolution before them, an eighth after. */
const stageStrides = [1, 2, 1, 1] as const;
const stageDilations = [1, 1, 2, 4] as const;

export function createResidual(settings: ResidualSettings): BackEnd {
  const { scales } = settings;
  requireScales(scales);
  const layers = residualLayers(settings);
  return {
    settings,
    initialize(seed, features) {
      const parameters = initializeLayers(layers, seed);
      if (features) takeFeatures(parameters, features);
      return parameters;
    },
    forward(parameters, images) {
      const colours = normalizeColours(images);
      const branches = scales.map((scale) => runScale(settings, parameters, scaleImages(colours, scale)));
      const [first] = branches;
      const [, height, width] = first!.scores.shape;
      const scaleScores = branches.map(({ scores }) => resizeTo(scores, height, width));
      return {
        scores: scaleScores.reduce((largest, scores) => tf.maximum(largest, scores)),
        scaleScores: scales.length > 1 ? scaleScores : [],
        conv1_1: first!.conv1_1,
        conv1_2: first!.conv1_2,
      };
    },
  };
}

/** Throws InvalidBackEnd. */
function residualLayers({ stemChannels, blocks, channels, pyramidDilations, classes }: ResidualSettings): LayerShape[] {
  const counts = [stemChannels, ...blocks, ...channels.map((count) => count / 4), ...pyramidDilations, classes];
  const areCounts = counts.every((count) => Number.isSafeInteger(count) && count >= 1);
  if (blocks.length !== 4 || channels.length !== 4 || pyramidDilations.length === 0 || !areCounts) {
    throw new InvalidBackEnd(
      `A residual back-end has four stages of one block or more, their channels multiples of 4, and one dilation or more, got stemChannels ${stemChannels}, blocks [${blocks}], channels [${channels}], pyramidDilations [${pyramidDilations}], classes ${classes}.`,
    );
  }
  const stem = [3, stemChannels, stemChannels].map(
    (inputs, index): LayerShape => ({
      ...{ name: `conv1_${index + 1}`, side: 3, inputs, outputs: stemChannels, initial: 'he' },
    }),
  );
  const stages = blocks.flatMap((count, stage) =>
    Array.from({ length: count }, (_, block): LayerShape[] => {
      const name = blockName(stage, block);
      const outputs = channels[stage]!;
      const inputs = block > 0 ? outputs : stage > 0 ? channels[stage - 1]! : stemChannels;
      const inner = outputs / 4;
      return [
        ...(block === 0
          ? [{ name: `${name}/shortcut`, side: 1, inputs, outputs, initial: 'he' } satisfies LayerShape]
          : []),
        { name: `${name}/reduce`, side: 1, inputs, outputs: inner, initial: 'he' },
        { name: `${name}/middle`, side: 3, inputs: inner, outputs: inner, initial: 'he' },
        { name: `${name}/expand`, side: 1, inputs: inner, outputs, initial: 'zero' },
      ];
    }).flat(),
  );
  const pyramid = pyramidDilations.map(
    (_, index): LayerShape => ({
      ...{ name: `fc8_${index + 1}`, side: 3, inputs: channels[3]!, outputs: classes, initial: 'scores' },
    }),
  );
  return [...stem, ...stages, ...pyramid];
}

const blockName = (stage: number, block: number) => `stage${stage + 1}/block${block + 1}`;

function runScale({ blocks, pyramidDilations }: ResidualSettings, parameters: TensorByName, colours: tf.Tensor4D) {
  const conv1_1 = convolveLayer(parameters, 'conv1_1', colours, { rectify: true, isInputConstant: true });
  const conv1_2 = convolveLayer(parameters, 'conv1_2', conv1_1, { rectify: true });
  let x = maxPool(convolveLayer(parameters, 'conv1_3', conv1_2, { stride: 2, rectify: true }), 2);
  for (const [stage, count] of blocks.entries()) {
    for (let block = 0; block < count; block++) {
      const stride = block === 0 ? stageStrides[stage]! : 1;
      x = runBlock(parameters, blockName(stage, block), x, stride, stageDilations[stage]!, block === 0);
    }
  }
  const scores = tf.addN(
    pyramidDilations.map((dilation, index) => convolveLayer(parameters, `fc8_${index + 1}`, x, { dilation })),
  ) as tf.Tensor4D;
  return { scores, conv1_1, conv1_2 };
}

/** max(0, x + expand(middle(reduce(x)))), x by the shortcut's matrix where its size changes. */
function runBlock(
  parameters: TensorByName,
  name: string,
  x: tf.Tensor4D,
  stride: number,
  dilation: number,
  hasShortcut: boolean,
): tf.Tensor4D {
  const reduced = convolveLayer(parameters, `${name}/reduce`, x, { stride, rectify: true });
  const middle = convolveLayer(parameters, `${name}/middle`, reduced, { dilation, rectify: true });
  const branch = convolveLayer(parameters, `${name}/expand`, middle, {});
  const around = hasShortcut ? convolveLayer(parameters, `${name}/shortcut`, x, { stride }) : x;
  return tf.relu(tf.add(around, branch));
}
