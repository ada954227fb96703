/**
 * Lets a kernel compute on TensorFlow.js tensors. On TensorFlow.js's WebAssembly backend the kernel is instantiated in the
 * backend's own memory and reads and writes tensors where they lie. Elsewhere (the cpu backend, tfjs-node) it has a memory
 * of its own, and tensors are copied.
 *
 * A kernel that is used here has no data of its own at fixed addresses (test/kernels/tensor-memory.test.ts): they would lie on
 * the backend's.
 */
import * as tf from '@tensorflow/tfjs-core';
import { KernelBackendError, KernelOrderError } from './errors.ts';
import {
  createMemory,
  instantiateKernel,
  isMemory,
  type KernelBinaries,
  type KernelMemory,
  type KernelOptions,
  pageBytes,
} from './kernel-instance.ts';

/** Where one call of a kernel finds its arrays. Addresses are valid during the call. */
export interface TensorMemory {
  /** Of the float32 values of a tensor. */
  address(tensor: tf.Tensor): number;
  /** Room for a new tensor: its address now, the tensor after the kernel has written it. */
  result(shape: readonly number[]): PendingTensor;
  /** The address of so many bytes, whatever is in them. */
  scratch(bytes: number): number;
  /** The address of these 32-bit words. */
  words(values: Int32Array | Float32Array): number;
}

export interface PendingTensor {
  readonly address: number;
  tensor(): tf.Tensor;
}

/** The part of TensorFlow.js's WebAssembly backend that is used here. */
interface WasmBackend {
  readonly wasm?: {
    readonly asm?: { readonly memory?: unknown };
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  getMemoryOffset(dataId: object): number;
  makeOutput(shape: number[], dtype: 'float32'): tf.TensorInfo;
}

/** Whether the present backend's tensors lie in main memory, where a kernel can read them without waiting for a device. */
export function tensorsInMainMemory(): boolean {
  const name = tf.getBackend();
  if (name === 'cpu' || name === 'wasm') return true;
  // tfjs-node is 'tensorflow', with a GPU or without.
  return name === 'tensorflow' && (tf.backend() as { readonly isUsingGpuDevice?: boolean }).isUsingGpuDevice !== true;
}

/**
 * Throws KernelOrderError in the backward pass of an operation where its gradients are being recorded in turn: nothing would be
 * recorded of what a kernel does.
 */
export function refuseSecondOrder(operation: string): void {
  if (tf.engine().state.gradientDepth === 0) return;
  throw new KernelOrderError(
    `The kernel's ${operation} is differentiable once, and a gradient of its gradient was asked for. Use compute: 'tensors'.`,
  );
}

/**
 * Calls `run` with the kernel's functions in the memory that they work on.
 *
 * Throws KernelBackendError where this machine cannot run the kernel, or memory ends.
 */
export function withTensors<Exports, Result>(
  binaries: KernelBinaries,
  { build }: KernelOptions,
  run: (kernel: Exports, memory: TensorMemory) => Result,
): Result {
  const backend = tf.backend() as unknown as WasmBackend;
  const inPlace = memoryOf(backend);
  if (!inPlace) ownMemory ??= createMemory(pageBytes);
  const memory = inPlace ?? ownMemory!;
  const kernel = instantiateKernel<Exports>(binaries, memory, build);
  const place = inPlace ? placeInBackend(backend, inPlace) : placeInOwnMemory(memory);
  try {
    return run(kernel, place);
  } finally {
    place.release();
  }
}

/**
 * Calls `read` with a float32 tensor's values: on TensorFlow.js's WebAssembly backend where they lie, where `dataSync` would copy
 * them. They are there until the next operation on tensors, and not to be written.
 */
export function readTensor<Result>(tensor: tf.Tensor, read: (values: Float32Array) => Result): Result {
  const backend = tf.backend() as unknown as WasmBackend;
  const memory = memoryOf(backend);
  if (!memory) return read(tensor.dataSync() as Float32Array);
  return read(new Float32Array(memory.buffer, backend.getMemoryOffset(tensor.dataId), tensor.size));
}

/** A tensor with a copy of these values, for an array that will be written again. */
export function copyToTensor(values: Float32Array, shape: readonly number[]): tf.Tensor {
  // That backend copies them into its memory; others keep the array.
  const isCopied = memoryOf(tf.backend() as unknown as WasmBackend) !== undefined;
  return tf.tensor(isCopied ? values : values.slice(), [...shape], 'float32');
}

/** It only ever grows: to the arrays of the largest call. */
let ownMemory: KernelMemory | undefined;

/** The backend's memory, unless it is another backend, or its build for threads, whose memory is of another type. */
function memoryOf(backend: WasmBackend): KernelMemory | undefined {
  const memory = tf.getBackend() === 'wasm' ? backend.wasm?.asm?.memory : undefined;
  return isMemory(memory) ? memory : undefined;
}

function placeInBackend(backend: WasmBackend, memory: KernelMemory): TensorMemory & { release(): void } {
  const taken: number[] = [];
  const scratch = (bytes: number) => {
    // A signed number from 2 GiB up; 64 more than asked for, because a tile may read past an array's end.
    const address = backend.wasm!._malloc(bytes + 64) >>> 0;
    if (address === 0) throw outOfMemory(bytes);
    taken.push(address);
    return address;
  };
  return {
    address: (tensor) => backend.getMemoryOffset(tensor.dataId),
    result(shape) {
      const tensor = tf.engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], 'float32'));
      const address = backend.getMemoryOffset(tensor.dataId);
      // The backend does not look whether it got any.
      if (address === 0) throw outOfMemory(4 * tensor.size);
      return { address, tensor: () => tensor };
    },
    scratch,
    words(values) {
      const address = scratch(values.byteLength);
      new Uint8Array(memory.buffer).set(bytesOf(values), address);
      return address;
    },
    release() {
      for (const address of taken) backend.wasm!._free(address);
    },
  };
}

function placeInOwnMemory(memory: KernelMemory): TensorMemory & { release(): void } {
  // Address 0 stands for no array.
  let top = 64;
  const scratch = (bytes: number) => {
    const address = top;
    top = 64 * Math.ceil((address + bytes) / 64);
    const missing = top + 64 - memory.buffer.byteLength;
    if (missing > 0) {
      try {
        memory.grow(Math.ceil(missing / pageBytes));
      } catch (cause) {
        throw outOfMemory(bytes, cause);
      }
    }
    return address;
  };
  const words = (values: Int32Array | Float32Array) => {
    const address = scratch(values.byteLength);
    new Uint8Array(memory.buffer).set(bytesOf(values), address);
    return address;
  };
  return {
    address: (tensor) => words(tensor.dataSync() as Float32Array),
    result(shape) {
      const elements = tf.util.sizeFromShape([...shape]);
      const address = scratch(4 * elements);
      return {
        address,
        tensor: () => tf.tensor(new Float32Array(memory.buffer, address, elements).slice(), [...shape], 'float32'),
      };
    },
    scratch,
    words,
    release: () => {},
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function outOfMemory(bytes: number, cause?: unknown): KernelBackendError {
  return new KernelBackendError(
    `A kernel's arrays must fit the 4 GiB of a WebAssembly memory, and ${bytes} bytes more did not. Use a smaller batch or fewer steps.`,
    { cause },
  );
}
