/** A kernel's module, and the shared memory of one whose arrays are handed out to callers, who fill and read them in place. */
import { readFileSync } from 'node:fs';
import { KernelBackendError, KernelShapeError } from './errors.ts';
import { allocateSharedMemory, type CompiledModule, compileModule, type SharedMemory } from './web-assembly.ts';

export interface KernelMemory {
  readonly memory: SharedMemory;
  readonly integers: Int32Array<SharedArrayBuffer>;
  /** The address of so many bytes, on a cache line, zero at first. Throws KernelShapeError where there is no room left. */
  allocate(bytes: number): number;
  /** A new array in this memory. Throws KernelShapeError where there is no room left. */
  allocateFloats(elements: number): Float32Array<SharedArrayBuffer>;
  /** The address of an array of this memory. Throws KernelShapeError for any other. */
  addressOf(name: string, array: Float32Array): number;
}

/** Room for arrays of so many bytes in all. The operating system provides it as it is first written to. */
export function createKernelMemory(heapBase: number, capacityBytes: number): KernelMemory {
  // A tile may read past an array's end, never write there.
  const slack = 256;
  const memory = allocateSharedMemory(heapBase + capacityBytes + slack);
  const end = heapBase + capacityBytes;
  let top = heapBase;
  const allocate = (bytes: number) => {
    const address = Math.ceil(top / 64) * 64;
    if (address + bytes > end) {
      throw new KernelShapeError(
        `The kernel's memory was made for ${capacityBytes} bytes; ${bytes} more than the ${top - heapBase} in use do not fit. Create the kernels with a larger capacityBytes.`,
      );
    }
    top = address + bytes;
    return address;
  };
  return {
    memory,
    integers: new Int32Array(memory.buffer),
    allocate,
    allocateFloats: (elements) => new Float32Array(memory.buffer, allocate(4 * elements), elements),
    addressOf(name, array) {
      if (array.buffer === memory.buffer) return array.byteOffset;
      throw new KernelShapeError(
        `The ${name} must be an array of the kernels' own memory: get it from their allocate().`,
      );
    },
  };
}

/** The compiled kernel. Throws KernelBackendError where this engine does not know the instructions. */
export function loadKernelModule(
  binaries: Readonly<Record<'wasm-relaxed' | 'wasm-plain', URL>>,
  backend: 'wasm-relaxed' | 'wasm-plain',
): CompiledModule {
  try {
    return compileModule(readFileSync(binaries[backend]));
  } catch (cause) {
    throw new KernelBackendError(
      `The backend ${backend} must be one that this machine can compile. Choose wasm-plain, or a Node from 22 up.`,
      { cause },
    );
  }
}
