/** The shared memory of a coordinatewise-LSTM kernel: what lies where, and the tables that tell the kernel. */
import type { PackedOrder } from './coordinatewise-lstm-parameters.ts';
import { allocateSharedMemory, type SharedMemory } from './web-assembly.ts';

/** Coordinates that the kernel treats at once. */
export const groupSize = 8;

/** The fields of `Job` in assembly/coordinatewise-lstm-job.ts, in its order, 4 bytes each. */
export const jobFields = [
  'hidden',
  'logSign',
  'inputRows',
  'groups',
  'blocks',
  'layer1',
  'layer2',
  'output',
  'transposed1',
  'transposed2',
  'state',
  'gradients',
  'updates',
  'outputScale',
  'inputScale',
  'threshold',
  'inverseThreshold',
  'stride',
  'steps',
  'selected',
  'partials',
  'partialFloats',
] as const;
export type JobField = (typeof jobFields)[number];
const floatFields: ReadonlySet<JobField> = new Set(['outputScale', 'inputScale', 'threshold', 'inverseThreshold']);

/**
 * Blocks that a job is split into: never a function of the number of threads, because the order of the backward sums
 * follows from it. Enough that two or eight threads end at nearly the same time.
 */
export const maximumBlocks = 64;

/** What the memory must hold. */
export interface MemoryRequest {
  /** The first address that the module's constants leave free. */
  readonly heapBase: number;
  readonly hidden: number;
  readonly coordinates: number;
  readonly unrollSteps: number;
  /** Rows of a step's gradients. */
  readonly inputRows: 1 | 2;
  readonly order: PackedOrder;
  /** Bytes of scratch for each thread. */
  readonly scratchBytes: number;
  readonly threads: number;
}

/** Addresses in bytes, and the memory. */
export interface KernelMemory {
  readonly memory: SharedMemory;
  readonly floats: Float32Array<SharedArrayBuffer>;
  readonly integers: Int32Array<SharedArrayBuffer>;
  readonly address: Readonly<
    Record<
      | 'stepJob'
      | 'backwardJob'
      | 'forwardWeights'
      | 'transposedWeights'
      | 'state'
      | 'windowState'
      | 'gradients'
      | 'updates'
      | 'updateGradients'
      | 'selected'
      | 'partials',
      number
    >
  >;
  readonly scratch: readonly number[];
  /** Floats of one row of gradients: the coordinates, rounded up to whole groups. */
  readonly stride: number;
}

/** Lays everything out on cache lines. About 6 floats × steps + 160·4 bytes a coordinate, and 1.3 MB of partial sums. */
export function layOutMemory(request: MemoryRequest): KernelMemory {
  const { heapBase, hidden, coordinates, unrollSteps, inputRows, order, scratchBytes, threads } = request;
  let top = heapBase;
  const allocate = (bytes: number) => {
    const address = Math.ceil(top / 64) * 64;
    top = address + bytes;
    return address;
  };
  const groups = Math.ceil(coordinates / groupSize);
  const stride = groups * groupSize;
  const stateBytes = groups * 4 * hidden * groupSize * 4;
  const address = {
    stepJob: allocate(jobFields.length * 4),
    backwardJob: allocate(jobFields.length * 4),
    forwardWeights: allocate(order.forward.length * 4),
    transposedWeights: allocate(order.transposed.length * 4),
    state: allocate(stateBytes),
    windowState: allocate(stateBytes),
    gradients: allocate(unrollSteps * inputRows * stride * 4),
    updates: allocate(stride * 4),
    updateGradients: allocate(unrollSteps * stride * 4),
    selected: allocate(stride * 4),
    partials: allocate(Math.min(maximumBlocks, groups) * order.forward.length * 4),
  };
  const scratch = Array.from({ length: threads }, () => allocate(scratchBytes));
  const memory = allocateSharedMemory(top);
  return {
    memory,
    floats: new Float32Array(memory.buffer),
    integers: new Int32Array(memory.buffer),
    address,
    scratch,
    stride,
  };
}

export function writeJob({ floats, integers }: KernelMemory, job: number, values: Record<JobField, number>): void {
  for (const [index, field] of jobFields.entries()) {
    (floatFields.has(field) ? floats : integers)[job / 4 + index] = values[field];
  }
}
