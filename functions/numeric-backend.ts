/**
 * Gets TensorFlow.js ready to compute on a numeric backend. Experiments import only `tfjs-core` and `tfjs-layers`; which
 * implementation they get is the entry point's choice, and is loaded only where an experiment asks for it.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { detectWasmBackend, type NumericBackend, numericBackends, wasmBuildOf } from '../lib/numerics/backend.ts';
import { InvalidEnvironment, NoGpu, TfjsNodeMissing } from './errors.ts';
import { loadTfjsNode } from './tfjs-node/load.ts';
import { findTfjsNode } from './tfjs-node/location.ts';

/** `STEPWISE_BACKEND`, or the best that runs everywhere. Throws InvalidEnvironment. */
export function readNumericBackend(name: string | undefined, variable = 'STEPWISE_BACKEND'): NumericBackend {
  if (!name) return detectWasmBackend();
  const known = numericBackends.find((backend) => backend === name);
  if (!known) throw new InvalidEnvironment(variable, name, `one of ${numericBackends.join(', ')}`);
  return known;
}

/**
 * Throws TfjsNodeMissing, and NoGpu where `node-gpu` is asked for and TensorFlow sees none: a GPU machine that computes on
 * its CPU is money lost.
 */
export async function startTensorFlow(backend: NumericBackend): Promise<void> {
  if (backend === 'node-cpu' || backend === 'node-gpu') await startNode(backend);
  else await startWasm(wasmBuildOf(backend)!);
}

/** The kernels of TensorFlow.js itself; ours are loaded by the modules that use them, in the build that is named here. */
async function startWasm(build: 'wasm-relaxed' | 'wasm-plain'): Promise<void> {
  const tf = await import('@tensorflow/tfjs-core');
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  // A bundle has the file beside it, the checkout in the package.
  const beside = new URL('./tfjs-backend-wasm-simd.wasm', import.meta.url);
  const file = existsSync(beside)
    ? fileURLToPath(beside)
    : createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  // One file for all three names: every Node that runs this has SIMD, and TensorFlow.js uses no threads in Node.
  setWasmPaths({
    'tfjs-backend-wasm.wasm': file,
    'tfjs-backend-wasm-simd.wasm': file,
    'tfjs-backend-wasm-threaded-simd.wasm': file,
  });
  await tf.setBackend('wasm');
  await tf.ready();
  const { useKernelBuild } = await import('../lib/kernels/kernel-instance.ts');
  useKernelBuild(build);
  const { avoidTensorCopies } = await import('../lib/kernels/tensor-copies.ts');
  avoidTensorCopies();
}

async function startNode(backend: 'node-cpu' | 'node-gpu'): Promise<void> {
  const entry = findTfjsNode();
  if (!entry) throw new TfjsNodeMissing(backend);
  const tf = await import('@tensorflow/tfjs-core');
  await loadTfjsNode(entry);
  await tf.setBackend('tensorflow');
  await tf.ready();
  const { isUsingGpuDevice = false } = tf.backend() as { readonly isUsingGpuDevice?: boolean };
  if (backend === 'node-gpu' && !isUsingGpuDevice) throw new NoGpu();
}
