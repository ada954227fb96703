/** Training on perceptrons that learn MNIST (§3.2). */
import { readMnist } from '../../datasets/mnist.ts';
import { createMnistPerceptrons, type MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import { type CreateFamily, trainOn } from '../training.ts';

export const createFamily: CreateFamily<MnistPerceptronSettings> = async (settings, context) => {
  const { train: images } = await readMnist(await context.dataset('mnist'));
  return createMnistPerceptrons(settings, images, context);
};

export const train = trainOn(createFamily);
