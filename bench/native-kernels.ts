/** The kernels for this processor, compiled before the first benchmark where there is a compiler. */

import { buildNativeKernels, CannotBuildKernels } from '../lib/kernels/native/build.ts';
import { findNativeKernels, type NativeCode } from '../lib/kernels/native-kernels.ts';

/** Undefined, and the reason is logged, where they cannot be compiled here. */
export async function prepareNativeKernels(log: (line: string) => void): Promise<NativeCode | undefined> {
  try {
    await buildNativeKernels(log);
    return findNativeKernels();
  } catch (error) {
    if (!(error instanceof CannotBuildKernels)) throw error;
    log(`The rows of native kernels are left out. ${error.message}`);
    return undefined;
  }
}
