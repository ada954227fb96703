/**
 * DeepLab-LargeFOV (Chen et al. 2015): VGG-16 whose fourth and fifth pooling leave the size as it is, whose fifth block is
 * dilated by 2 in return, and whose fully connected layers are convolutions, the first 3 × 3 dilated by 12.
 *
 *   blocks 1–3: conv3×3 …, max pool 3×3 stride 2;  4: conv3×3 …, max pool stride 1;  5: conv3×3 dilation 2 …, max and mean pool
 *   fc6 = max(0, conv3×3, dilation 12);  fc7 = max(0, conv1×1);  fc8 = conv1×1, the class scores at 1/8 of the resolution
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../../numerics/random.ts';
import { dropOut } from '../../training/dropout.ts';
import type { BackEnd } from './back-end.ts';
import { InvalidBackEnd } from './errors.ts';
import { normalizeColours, takeFeatures } from './image-input.ts';
import { averagePool, convolveLayer, initializeLayers, type LayerShape, maxPool, type TensorByName } from './layers.ts';
import type { LargeFovSettings } from './settings.ts';

const poolStrides = [2, 2, 2, 1, 1] as const;
/** Of a block's convolutions. */
const blockDilations = [1, 1, 1, 1, 2] as const;

export function createLargeFov(settings: LargeFovSettings): BackEnd {
  const layers = largeFovLayers(settings);
  return {
    settings,
    initialize(seed, features) {
      const parameters = initializeLayers(layers, seed);
      if (features) takeFeatures(parameters, features);
      return parameters;
    },
    forward(parameters, images, dropout) {
      const { scores, conv1_1, conv1_2, fc6, fc7 } = runLargeFov(
        settings,
        parameters,
        normalizeColours(images),
        dropout,
      );
      return { scores, scaleScores: [], conv1_1, conv1_2, deep: { fc6, fc7 } };
    },
  };
}

/** Throws InvalidBackEnd. */
export function largeFovLayers(settings: LargeFovSettings): LayerShape[] {
  const { convolutions, channels, fcChannels, classes } = settings;
  const counts = [...convolutions, ...channels, fcChannels, settings.fc6Dilation, classes];
  if (convolutions.length !== 5 || channels.length !== 5 || convolutions[0] !== 2 || !counts.every(isCount)) {
    throw new InvalidBackEnd(
      `LargeFOV has five blocks, the first of two convolutions, and positive whole numbers of everything, got convolutions [${convolutions}], channels [${channels}], fcChannels ${fcChannels}, fc6Dilation ${settings.fc6Dilation}, classes ${classes}.`,
    );
  }
  const blocks = convolutions.flatMap((count, block) =>
    Array.from({ length: count }, (_, index): LayerShape => {
      const inputs = index > 0 ? channels[block]! : block > 0 ? channels[block - 1]! : 3;
      return { name: `conv${block + 1}_${index + 1}`, side: 3, inputs, outputs: channels[block]!, initial: 'he' };
    }),
  );
  return [
    ...blocks,
    { name: 'fc6', side: 3, inputs: channels[4]!, outputs: fcChannels, initial: 'he' },
    { name: 'fc7', side: 1, inputs: fcChannels, outputs: fcChannels, initial: 'he' },
    { name: 'fc8', side: 1, inputs: fcChannels, outputs: classes, initial: 'scores' },
  ];
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1;

/** @param colours normalised, [images, height, width, 3] */
export function runLargeFov(
  { convolutions, fc6Dilation, dropout: share }: LargeFovSettings,
  parameters: TensorByName,
  colours: tf.Tensor4D,
  dropout: RandomStream | undefined,
): Readonly<Record<'scores' | 'fc6' | 'fc7' | 'conv1_1' | 'conv1_2', tf.Tensor4D>> {
  let x = colours;
  const firstBlock: tf.Tensor4D[] = [];
  for (const [block, count] of convolutions.entries()) {
    for (let index = 0; index < count; index++) {
      const isInputConstant = block + index === 0;
      const layer = { dilation: blockDilations[block]!, rectify: true, isInputConstant };
      x = convolveLayer(parameters, `conv${block + 1}_${index + 1}`, x, layer);
      if (block === 0) firstBlock.push(x);
    }
    x = maxPool(x, poolStrides[block]!);
  }
  const drop = (values: tf.Tensor4D) => (dropout ? (dropOut(values, share, dropout) as tf.Tensor4D) : values);
  const fc6 = convolveLayer(parameters, 'fc6', averagePool(x), { dilation: fc6Dilation, rectify: true });
  const fc7 = convolveLayer(parameters, 'fc7', drop(fc6), { rectify: true });
  const scores = convolveLayer(parameters, 'fc8', drop(fc7), {});
  return { scores, fc6, fc7, conv1_1: firstBlock[0]!, conv1_2: firstBlock[1]! };
}
