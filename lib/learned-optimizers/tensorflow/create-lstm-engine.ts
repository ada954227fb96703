/** What computes the network of a `LearnedOptimizer`: our kernel, or TensorFlow.js itself on a GPU. */
import { tensorsInMainMemory } from '../../kernels/tensor-memory.ts';
import type { Compute, LstmEngine } from './lstm-engine.ts';
import { createKernelEngine } from './lstm-on-kernel.ts';
import { createTensorEngine } from './lstm-on-tensors.ts';
import { normaliseEngine } from './normalised-engine.ts';
import type { OptimizerFile } from './optimizer-file.ts';

/** Throws KernelBackendError where `kernel` is asked for and cannot be had. */
export function createEngine(compute: Compute, options: OptimizerFile): LstmEngine {
  const lstm = createLstmEngine(compute, options);
  const { normalisation } = options.network;
  return normalisation ? normaliseEngine(lstm, normalisation) : lstm;
}

function createLstmEngine(compute: Compute, options: OptimizerFile): LstmEngine {
  if (compute === 'tensors' || (compute === 'auto' && !tensorsInMainMemory())) return createTensorEngine(options);
  try {
    return createKernelEngine(options);
  } catch (error) {
    if (compute === 'kernel') throw error;
    return createTensorEngine(options);
  }
}
