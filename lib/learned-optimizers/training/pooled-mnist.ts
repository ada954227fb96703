/** Training on perceptrons that learn MNIST's digits in a smaller size, for experiments that train many optimizers. */
import { readMnist } from '../../datasets/mnist.ts';
import { type ImageSide, poolImages } from '../../datasets/pool-images.ts';
import { createMnistPerceptrons, type MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import { type CreateFamily, trainOn } from '../training.ts';

export interface PooledMnistSettings extends MnistPerceptronSettings {
  readonly imageSide: ImageSide;
}

export const createFamily: CreateFamily<PooledMnistSettings> = async ({ imageSide, ...settings }, context) => {
  const { train: images } = await readMnist(await context.dataset('mnist'));
  return createMnistPerceptrons(settings, poolImages(images, imageSide), context);
};

export const train = trainOn(createFamily);
