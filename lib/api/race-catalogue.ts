/** Problems that optimizers can race on: each with the learned optimizer that was trained for it, and tuned rates of the others. */
import { readFile } from 'node:fs/promises';
import { DatasetMissing } from '../datasets/errors.ts';
import { openDataset, pinDataset } from '../datasets/pinned-dataset.ts';
import type { BaselineName } from '../learned-optimizers/baselines.ts';
import { pretrainedFiles } from '../learned-optimizers/pretrained/pretrained-files.ts';
import type { ProblemFamily } from '../learned-optimizers/problems/problem.ts';
import { DatasetNotImported } from './errors.ts';
import type { ApiPorts } from './ports.ts';

export const raceProblems = ['quadratics', 'mnist'] as const;
export type RaceProblem = (typeof raceProblems)[number];

export interface RaceEntry {
  readonly lossUnit: string;
  /**
   * Each the best at step 100 of a grid over the same class of problems (`tune-learning-rate.ts`), as recorded in
   * docs/results/learned-optimizers/; a test holds them to it.
   */
  readonly learningRates: Readonly<Record<BaselineName, number>>;
  createFamily(ports: ApiPorts): Promise<ProblemFamily>;
}

export const raceCatalogue: Readonly<Record<RaceProblem, RaceEntry>> = {
  quadratics: {
    lossUnit: 'squared error',
    learningRates: { adam: 0.365, rmsprop: 0.0274, nag: 0.01, sgd: 0.0154 },
    async createFamily() {
      const { createQuadratics } = await import('../learned-optimizers/problems/quadratics.ts');
      return createQuadratics({ distribution: 'standard', functions: 128, dimensions: 10 });
    },
  },
  mnist: {
    lossUnit: 'nats',
    learningRates: { adam: 0.0274, rmsprop: 0.00866, nag: 0.75, sgd: 2.74 },
    async createFamily({ store, backend, startTensorFlow }) {
      const [{ readMnist }, { baseNetwork, createMnistPerceptrons }] = await Promise.all([
        import('../datasets/mnist.ts'),
        import('../learned-optimizers/problems/mnist-perceptron.ts'),
      ]);
      const { version } = await pinDataset(store, 'mnist').catch((error) => {
        if (error instanceof DatasetMissing) throw new DatasetNotImported('mnist', 'learned-optimizers/mnist');
        throw error;
      });
      const { train } = await readMnist(await openDataset(store, 'mnist', version));
      return createMnistPerceptrons(baseNetwork, train, { backend, startTensorFlow });
    },
  },
};

/** The optimizer that is shipped for the problem. */
export async function readLearnedOptimizerFile(problem: RaceProblem) {
  const { decodeOptimizerFile } = await import('../learned-optimizers/tensorflow/optimizer-file.ts');
  return decodeOptimizerFile(await readFile(pretrainedFiles[problem]), `${problem}.safetensors`);
}
