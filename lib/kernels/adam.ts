/**
 * Adam's update, and norms of gradients, over float32 arrays of any length on the SIMD kernel of assembly/adam.ts. Arrays
 * pass through a small memory of the kernel's own, a block at a time that stays in the processor's cache.
 */
import { createMemory, instantiateKernel, type KernelMemory, type KernelOptions } from './kernel-instance.ts';

export interface AdamStep {
  readonly decay1: number;
  readonly decay2: number;
  readonly epsilon: number;
  /** What the gradient is multiplied by first. */
  readonly gradientScale: number;
  /** The learning rate over 1 − decay1ᵗ, or whatever corrects the mean. */
  readonly correctedRate: number;
  /** 1 over 1 − decay2ᵗ, or whatever corrects the mean square. */
  readonly squareCorrection: number;
}

export interface AdamArrays {
  readonly parameters: Float32Array;
  readonly gradient: Float32Array;
  readonly mean: Float32Array;
  readonly meanSquare: Float32Array;
}

interface Exports {
  update(
    ...values: [
      ...arrays: [parameters: number, gradient: number, mean: number, square: number, count: number],
      ...decays: [decay1: number, rest1: number, decay2: number, rest2: number],
      ...factors: [scale: number, rate: number, correction: number, epsilon: number],
    ]
  ): void;
  squaredNorm(values: number, count: number): number;
}

const binaries = {
  'wasm-relaxed': new URL('./build/adam.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/adam.plain.wasm', import.meta.url),
};

/** Elements of a block: four arrays of them are 64 KiB. */
const blockElements = 4096;

let memory: KernelMemory | undefined;

function useKernel({ build }: KernelOptions): { readonly kernel: Exports; readonly block: Float32Array } {
  memory ??= createMemory(4 * 4 * blockElements);
  return { kernel: instantiateKernel(binaries, memory, build), block: new Float32Array(memory.buffer) };
}

/**
 * Changes parameters, mean and mean square by one update. An array may be part of another memory; none is kept. Throws
 * KernelBackendError where the kernel cannot run.
 */
export function applyAdam(arrays: AdamArrays, step: AdamStep, options: KernelOptions = {}): void {
  const { kernel, block } = useKernel(options);
  const { decay1, decay2, gradientScale, correctedRate, squareCorrection, epsilon } = step;
  const inOrder = [arrays.parameters, arrays.gradient, arrays.mean, arrays.meanSquare];
  const places = inOrder.map((_, index) => index * blockElements);
  const [parameters, gradient, mean, square] = places.map((place) => 4 * place) as [number, number, number, number];
  const decays = [decay1, 1 - decay1, decay2, 1 - decay2] as const;
  const factors = [...decays, gradientScale, correctedRate, squareCorrection, epsilon] as const;
  const { length } = arrays.parameters;
  for (let first = 0; first < length; first += blockElements) {
    const count = Math.min(blockElements, length - first);
    for (const [index, array] of inOrder.entries()) block.set(array.subarray(first, first + count), places[index]);
    kernel.update(parameters, gradient, mean, square, count, ...factors);
    for (const [index, array] of inOrder.entries()) {
      if (array === arrays.gradient) continue;
      array.set(block.subarray(places[index], places[index]! + count), first);
    }
  }
}

/** Σ x², summed in float64; not finite where one of the values is not. Throws KernelBackendError likewise. */
export function squaredNorm(values: Float32Array, options: KernelOptions = {}): number {
  const { kernel, block } = useKernel(options);
  const blockSize = 4 * blockElements;
  let sum = 0;
  for (let first = 0; first < values.length; first += blockSize) {
    const count = Math.min(blockSize, values.length - first);
    block.set(values.subarray(first, first + count));
    sum += kernel.squaredNorm(0, count);
  }
  return sum;
}
