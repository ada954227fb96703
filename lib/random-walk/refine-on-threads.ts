/** `refine` on several threads, for Node. */

import { createThreadedRandomWalkKernel, type ThreadedRandomWalkKernel } from '../kernels/random-walk-threads.ts';
import {
  type ClassProbabilities,
  type Picture,
  type RefinedProbabilities,
  type RefineOptions,
  refine,
} from './refine.ts';

export interface RefineOnThreadsOptions extends RefineOptions {
  /** Threads that work on the image, the caller's included: 2 by default. */
  readonly threads?: number;
}

/**
 * What `refine` returns by the same solver, to the bit, whatever the number of threads: Chebyshev’s by default, since multigrid works
 * on one thread. They start with the call, some tens of milliseconds in which the
 * caller computes alone, and end with it.
 *
 * Throws what `refine` throws, and KernelShapeError for no number of threads.
 */
export function refineOnThreads(
  picture: Picture,
  probabilities: ClassProbabilities,
  { threads = 2, ...options }: RefineOnThreadsOptions = {},
): RefinedProbabilities {
  const kernels: ThreadedRandomWalkKernel[] = [];
  try {
    return refine(picture, probabilities, { solver: 'chebyshev', ...options }, (grid, valueArrays) => {
      const kernel = createThreadedRandomWalkKernel({ ...grid, threads }, valueArrays);
      kernels.push(kernel);
      return kernel;
    });
  } finally {
    for (const kernel of kernels) kernel.dispose();
  }
}
