/** Training on perceptrons that learn MNIST (§3.2), and on variations of them that make an optimizer robust. */
import { type LabelledImages, readMnist } from '../../datasets/mnist.ts';
import { mixFamilies } from '../problems/mixture.ts';
import { createMnistPerceptrons, type MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import type { ProblemFamily } from '../problems/problem.ts';
import { scaleRandomly } from '../problems/randomly-scaled.ts';
import { type CreateFamily, trainOn } from '../training.ts';

export interface MnistTrainingSettings extends MnistPerceptronSettings {
  /** How the optimizees of training episodes differ from these, which validation has; not at all where absent. */
  readonly episodes?: EpisodeVariations;
}

export interface EpisodeVariations {
  /** Each episode's optimizee has one of these activations; its own where absent. */
  readonly activations?: readonly MnistPerceptronSettings['activation'][];
  /** r of `scaleRandomly`. */
  readonly scalingLogRange?: number;
}

type Context = Parameters<CreateFamily<MnistTrainingSettings>>[1];

async function readImages(context: Context): Promise<LabelledImages> {
  return (await readMnist(await context.dataset('mnist'))).train;
}

export const createFamily: CreateFamily<MnistTrainingSettings> = async (settings, context) =>
  createMnistPerceptrons(settings, await readImages(context), context);

/** The optimizees of training episodes. */
export const createEpisodeFamily: CreateFamily<MnistTrainingSettings> = async (settings, context) => {
  const { activations = [settings.activation], scalingLogRange } = settings.episodes ?? {};
  const images = await readImages(context);
  const families: ProblemFamily[] = [];
  for (const activation of activations) {
    families.push(await createMnistPerceptrons({ ...settings, activation }, images, context));
  }
  const family = families.length === 1 ? families[0]! : mixFamilies(families);
  return scalingLogRange === undefined ? family : scaleRandomly(family, scalingLogRange);
};

export const train = trainOn(createFamily, createEpisodeFamily);
