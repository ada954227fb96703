/**
 * Kernels compiled for the processor of this machine (`npm run build:native-kernels`), which has wider vectors than
 * WebAssembly: where they are, and how a thread loads them. Nobody needs them; `--backend native` computes with them.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KernelBackendError } from './errors.ts';
import type { BlockFunction } from './thread-pool.ts';
import type { SharedMemory } from './web-assembly.ts';

/** Written out, so that the digest of an experiment's code covers them. */
export const nativeSources = [
  new URL('./native/addon.cc', import.meta.url),
  new URL('./native/coordinatewise-lstm-backward.cc', import.meta.url),
  new URL('./native/coordinatewise-lstm-layer.hh', import.meta.url),
  new URL('./native/coordinatewise-lstm-step.cc', import.meta.url),
  new URL('./native/coordinatewise-lstm.hh', import.meta.url),
  new URL('./native/lanes.hh', import.meta.url),
  new URL('./native/multiply-adds.cc', import.meta.url),
  new URL('./native/multiply-adds.hh', import.meta.url),
];

/** Unrolled, for the sums of a product must be registers; for exactly this processor, which is why nobody ships the result. */
export const nativeCompilerFlags = [
  ...['-std=c++17', '-O3', '-funroll-loops', '-march=native'],
  ...['-fPIC', '-shared', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'],
];

/** Exports of native/addon.cc. */
export interface NativeKernels {
  step(memory: Uint8Array, job: number, block: number, scratch: number): void;
  backward(memory: Uint8Array, job: number, block: number, scratch: number): void;
  stepScratchBytes(hidden: number): number;
  backwardScratchBytes(hidden: number, steps: number): number;
  /** Operations that it did, for the benchmarks. */
  multiplyAdds(rounds: number): number;
}

/** What a thread computes blocks with, in place of a WebAssembly module. */
export interface NativeCode {
  readonly nativeFile: string;
}

/**
 * Where the kernels of these sources for this processor are, or belong: below node_modules' folder, so nothing that is
 * built elsewhere or from other sources is ever loaded. Undefined in a bundle, which has no sources.
 */
export function nativeKernelsPath(): string | undefined {
  if (!nativeSources.every((source) => existsSync(source))) return undefined;
  const digest = createHash('sha256');
  for (const source of nativeSources) digest.update(readFileSync(source));
  digest.update([process.arch, cpus()[0]?.model, ...nativeCompilerFlags].join('\0'));
  const folder = join(dirname(fileURLToPath(nativeSources[0]!)), '../../../.cache/native-kernels');
  return join(folder, `${digest.digest('hex').slice(0, 16)}.node`);
}

export function hasNativeKernels(): boolean {
  const path = nativeKernelsPath();
  return path !== undefined && existsSync(path);
}

/** Throws KernelBackendError where nothing was built. */
export function findNativeKernels(): NativeCode {
  const path = nativeKernelsPath();
  if (path === undefined || !existsSync(path)) {
    throw new KernelBackendError(
      "The backend native needs kernels that were compiled on this machine. Build them with 'npm run build:native-kernels' (Linux, with g++), or use --backend wasm.",
    );
  }
  return { nativeFile: path };
}

export function loadNativeKernels({ nativeFile }: NativeCode): NativeKernels {
  return createRequire(import.meta.url)(nativeFile);
}

/** Its blocks, over one memory, which they keep alive. */
export function nativeBlocks(code: NativeCode, memory: SharedMemory): Record<'step' | 'backward', BlockFunction> {
  const { step, backward } = loadNativeKernels(code);
  const bytes = new Uint8Array(memory.buffer);
  return {
    step: (job, block, scratch) => step(bytes, job, block, scratch),
    backward: (job, block, scratch) => backward(bytes, job, block, scratch),
  };
}
