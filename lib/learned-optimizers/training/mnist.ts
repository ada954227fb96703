/** Training on perceptrons that learn MNIST (§3.2), and on variations of them that make an optimizer robust. */
import { readMnist } from '../../datasets/mnist.ts';
import { mixFamilies } from '../problems/mixture.ts';
import { createMnistPerceptrons, type MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import type { ProblemFamily } from '../problems/problem.ts';
import { scaleRandomly } from '../problems/randomly-scaled.ts';
import { type CreateFamily, trainOn } from '../training.ts';

export interface MnistTrainingSettings extends MnistPerceptronSettings {
  /** The problems have these activations in turn, instead of their own. */
  readonly mixedActivations?: readonly MnistPerceptronSettings['activation'][];
  /** r of `scaleRandomly` in the episodes of training, not in validation; none where absent. */
  readonly episodeScalingLogRange?: number;
}

export const createFamily: CreateFamily<MnistTrainingSettings> = async (settings, context) => {
  const { train: images } = await readMnist(await context.dataset('mnist'));
  const families: ProblemFamily[] = [];
  for (const activation of settings.mixedActivations ?? [settings.activation]) {
    families.push(await createMnistPerceptrons({ ...settings, activation }, images, context));
  }
  return families.length === 1 ? families[0]! : mixFamilies(families);
};

export const train = trainOn(createFamily, (family, { episodeScalingLogRange }) =>
  episodeScalingLogRange === undefined ? family : scaleRandomly(family, episodeScalingLogRange),
);
