/**
 * Instances of kernels in memories that are not shared, so that any web page can have them. A kernel is compiled as it is
 * first used, at once: browsers allow that on their main thread up to 8 MB.
 */
import { detectWasmBackend } from '../numerics/backend.ts';
import { readAsset } from '../numerics/read-asset.ts';
import { KernelBackendError } from './errors.ts';

export type KernelBuild = 'wasm-relaxed' | 'wasm-plain';
export type KernelBinaries = Readonly<Record<KernelBuild, URL>>;

export interface KernelOptions {
  /** What `useKernelBuild` was told last, else what `detectWasmBackend` says. */
  readonly build?: KernelBuild;
}

/** A WebAssembly memory: the compiler's library for Node does not declare it. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WebAssemblyInterface {
  readonly Memory: new (size: { readonly initial: number }) => KernelMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: KernelMemory } },
  ) => { readonly exports: unknown };
}

export const pageBytes = 65_536;

let defaultBuild: KernelBuild | undefined;
const modules = new Map<URL, object>();
const instances = new WeakMap<KernelMemory, Map<URL, unknown>>();

/** The build of kernels that are not told another: results are bit-equal only for the same. */
export function useKernelBuild(build: KernelBuild): void {
  defaultBuild = build;
}

/** The build of kernels that are not told another. */
export function presentKernelBuild(): KernelBuild {
  defaultBuild ??= detectWasmBackend();
  return defaultBuild;
}

/** Throws KernelBackendError where this machine has no WebAssembly. */
export function createMemory(bytes: number): KernelMemory {
  const { Memory } = webAssembly();
  return new Memory({ initial: Math.ceil(bytes / pageBytes) });
}

/** Whether something is a memory that is not shared between threads. */
export function isMemory(value: unknown): value is KernelMemory {
  return value instanceof webAssembly().Memory && value.buffer instanceof ArrayBuffer;
}

/**
 * The kernel's functions over a memory, the same ones every time. `Exports` is what the caller knows of them: nothing
 * checks it. Throws KernelBackendError where this machine cannot run them.
 */
export function instantiateKernel<Exports>(
  binaries: KernelBinaries,
  memory: KernelMemory,
  build: KernelBuild | undefined,
): Exports {
  const url = binaries[build ?? presentKernelBuild()];
  let kernels = instances.get(memory);
  if (!kernels) {
    kernels = new Map();
    instances.set(memory, kernels);
  }
  let kernel = kernels.get(url);
  if (kernel === undefined) {
    const { Module, Instance } = webAssembly();
    try {
      const module = modules.get(url) ?? new Module(readAsset(url));
      modules.set(url, module);
      kernel = new Instance(module, { env: { memory } }).exports;
    } catch (cause) {
      throw new KernelBackendError('The kernel needs WebAssembly with 128-bit SIMD, which this machine does not run.', {
        cause,
      });
    }
    kernels.set(url, kernel);
  }
  return kernel as Exports;
}

function webAssembly(): WebAssemblyInterface {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyInterface };
  if (!WebAssembly) throw new KernelBackendError('The kernel needs WebAssembly, which this machine does not have.');
  return WebAssembly;
}
