/** Training on neural art (§3.4). */
import { readPhotographs } from '../../datasets/photographs.ts';
import { readStylePictures } from '../../datasets/style-pictures.ts';
import { readVggFeatures } from '../../datasets/vgg-features.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import { createNeuralArt, type NeuralArtFamily, type NeuralArtSettings } from '../problems/neural-art.ts';
import { type OptimizerTrial, trainOn } from '../training.ts';

/** The datasets of every experiment on neural art. */
export const neuralArtDatasets = [
  { name: 'vgg-features' },
  { name: 'photographs' },
  { name: 'style-pictures' },
] as const;

export async function createFamily(
  settings: NeuralArtSettings,
  context: Pick<TrainingContext, 'backend' | 'dataset' | 'startTensorFlow'> & { readonly threads?: number },
): Promise<NeuralArtFamily> {
  const [features, photographs, styles] = await Promise.all([
    context.dataset('vgg-features').then(readVggFeatures),
    context.dataset('photographs').then(readPhotographs),
    context.dataset('style-pictures').then(readStylePictures),
  ]);
  const { backend, threads = 1 } = context;
  const machine = { backend, threads, startTensorFlow: () => context.startTensorFlow() };
  return createNeuralArt(settings, { features, photographs, styles }, machine);
}

export async function train(trial: OptimizerTrial<NeuralArtSettings>, context: TrainingContext): Promise<void> {
  let family: NeuralArtFamily | undefined;
  const createAndKeep = async (settings: NeuralArtSettings) => {
    family = await createFamily(settings, context);
    return family;
  };
  try {
    await trainOn(createAndKeep)(trial, context);
  } finally {
    family?.dispose();
  }
}
