/**
 * The coordinatewise LSTM optimizer (arXiv 1606.04474, §2.1) for those who only use a trained one, on the SIMD kernel of
 * assembly/coordinatewise-lstm-forward.ts: no window to go back through, so half the memory of
 * `createCoordinatewiseLstmKernel`; one thread; a memory that grows by a tensor at a time and is not shared, so that any web
 * page can run it. Both kernels give the same bits.
 */
import { detectWasmBackend } from '../numerics/backend.ts';
import { readAsset } from '../numerics/read-asset.ts';
import {
  type CoordinatewiseLstmOptions,
  checkOptions,
  type Preprocessing,
  requireLength,
} from './coordinatewise-lstm.ts';
import { packedOrder } from './coordinatewise-lstm-parameters.ts';
import { KernelBackendError, KernelShapeError } from './errors.ts';

export interface CoordinatewiseLstmForwardOptions
  extends Pick<CoordinatewiseLstmOptions, 'preprocessing' | 'hidden' | 'outputScale'> {
  /** φ in the order of `parameterLayout`; copied. */
  readonly parameters: Float32Array;
  /** What `detectWasmBackend` says, by default. */
  readonly backend?: 'wasm-relaxed' | 'wasm-plain';
}

/** The place of one tensor of the optimizee: its coordinates, rounded up to whole groups, and their state. */
export interface TensorPlace {
  readonly coordinates: number;
  /** Tensors of one `allocate` lie behind one another, and only they do. */
  readonly segment: Segment;
  readonly firstGroup: number;
  readonly groups: number;
}

/** What one `allocate` took: addresses in bytes. */
interface Segment {
  readonly state: number;
  readonly gradients: number;
  readonly updates: number;
  /** Floats of a row of gradients. */
  readonly stride: number;
}

export interface CoordinatewiseLstmForward {
  /** Makes room for tensors of so many coordinates each, their state at zero. Throws KernelBackendError where memory ends. */
  allocate(coordinates: readonly number[]): TensorPlace[];
  /**
   * Where the raw gradient of a tensor goes before a step, or for prepared inputs (`input` 0 and 1) either of them. A view:
   * it is void after the next `allocate`.
   */
  gradients(place: TensorPlace, input?: 0 | 1): Float32Array;
  /** The scaled updates g_t of a tensor after a step. A view, as above. */
  updates(place: TensorPlace): Float32Array;
  /** One step of Eq. 1 for these tensors; the state of all others stays. */
  step(places: readonly TensorPlace[]): void;
  /** A copy of a tensor's state, [coordinates][h1, c1, h2, c2][hidden]. */
  readState(place: TensorPlace): Float32Array;
  writeState(place: TensorPlace, state: Float32Array): void;
}

interface Exports {
  heapBase(): number;
  stepScratchBytes(hidden: number): number;
  jobBytes(): number;
  groupSize(): number;
  forward(...jobScratchAndFields: number[]): void;
}

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WebAssemblyInterface {
  readonly Memory: new (size: { readonly initial: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: Memory } },
  ) => { readonly exports: unknown };
}

const binaries = {
  'wasm-relaxed': new URL('./build/coordinatewise-lstm-forward.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/coordinatewise-lstm-forward.plain.wasm', import.meta.url),
};

const pageBytes = 65_536;

/** Throws KernelShapeError for options out of range, KernelBackendError where this machine has no 128-bit SIMD. */
export function createCoordinatewiseLstmForward(options: CoordinatewiseLstmForwardOptions): CoordinatewiseLstmForward {
  const { preprocessing, outputScale, parameters } = options;
  const { hidden, inputs, inputRows, layout } = checkOptions({ ...options, coordinates: 1, unrollSteps: 1 });
  requireLength('parameters', parameters, layout.size, 'the size of the layout');
  const { exports, memory } = instantiate(options.backend);
  const order = packedOrder({ inputs, hidden });
  const groupSize = exports.groupSize();

  let top = exports.heapBase();
  /** The address of so many bytes on a cache line of their own; all zero. */
  const allocateBytes = (bytes: number) => {
    const address = Math.ceil(top / 64) * 64;
    const missing = address + bytes - memory.buffer.byteLength;
    if (missing > 0) {
      try {
        memory.grow(Math.ceil(missing / pageBytes));
      } catch (cause) {
        throw new KernelBackendError(
          `An optimizer's state must fit the 4 GiB of a WebAssembly memory, ${16 * hidden} bytes a coordinate, and ${address + bytes} bytes were asked for. Use compute: 'tensors', or train fewer variables.`,
          { cause },
        );
      }
    }
    top = address + bytes;
    return address;
  };
  const floats = (address: number, length: number) => new Float32Array(memory.buffer, address, length);

  const job = allocateBytes(exports.jobBytes());
  const scratch = allocateBytes(exports.stepScratchBytes(hidden));
  const weights = allocateBytes(order.forward.length * 4);
  const packed = floats(weights, order.forward.length);
  for (let place = 0; place < packed.length; place++) {
    const parameter = order.forward[place]!;
    packed[place] = parameter < 0 ? 0 : parameters[parameter]! * order.forwardFactor[place]!;
  }
  const stateRow = 4 * hidden * groupSize * 4;
  const row = groupSize * 4;
  const logSign = preprocessing.kind === 'log-sign';

  const run = ({ state, gradients, updates, stride }: Segment, firstGroup: number, groups: number) =>
    exports.forward(
      job,
      scratch,
      hidden,
      logSign ? 1 : 0,
      inputRows,
      groups,
      weights,
      weights + order.layer2 * 4,
      weights + order.output * 4,
      state + firstGroup * stateRow,
      gradients + firstGroup * row,
      updates + firstGroup * row,
      stride,
      outputScale,
      inputScaleOf(preprocessing),
      logSign ? Math.exp(-preprocessing.p) : 0,
      logSign ? Math.exp(preprocessing.p) : 0,
    );

  const stateOf = ({ segment, firstGroup, groups }: TensorPlace) =>
    floats(segment.state + firstGroup * stateRow, (groups * stateRow) / 4);

  return {
    allocate(coordinates) {
      for (const count of coordinates) {
        if (!Number.isSafeInteger(count) || count < 0) {
          throw new KernelShapeError(`A tensor must have a whole number of coordinates, got ${count}.`);
        }
      }
      const groups = coordinates.map((count) => Math.ceil(count / groupSize));
      const total = groups.reduce((sum, count) => sum + count, 0);
      const segment: Segment = {
        state: allocateBytes(total * stateRow),
        gradients: allocateBytes(inputRows * total * row),
        updates: allocateBytes(total * row),
        stride: total * groupSize,
      };
      let next = 0;
      return coordinates.map((count, index): TensorPlace => {
        next += groups[index]!;
        return { coordinates: count, segment, firstGroup: next - groups[index]!, groups: groups[index]! };
      });
    },

    gradients: ({ segment, firstGroup, coordinates }, input = 0) =>
      floats(segment.gradients + input * segment.stride * 4 + firstGroup * row, coordinates),

    updates: ({ segment, firstGroup, coordinates }) => floats(segment.updates + firstGroup * row, coordinates),

    step(places) {
      // Neighbours go in one call: the tensors of a whole model are one vector of coordinates.
      let pending: { readonly segment: Segment; readonly firstGroup: number; groups: number } | undefined;
      for (const { segment, firstGroup, groups } of places) {
        if (pending?.segment === segment && pending.firstGroup + pending.groups === firstGroup) {
          pending.groups += groups;
          continue;
        }
        if (pending) run(pending.segment, pending.firstGroup, pending.groups);
        pending = { segment, firstGroup, groups };
      }
      if (pending) run(pending.segment, pending.firstGroup, pending.groups);
    },

    readState(place) {
      const state = stateOf(place);
      const copy = new Float32Array(place.coordinates * 4 * hidden);
      for (let index = 0; index < copy.length; index++) copy[index] = state[placeInState(index, hidden, groupSize)]!;
      return copy;
    },

    writeState(place, copy) {
      requireLength('state', copy, place.coordinates * 4 * hidden, '[coordinates][h1, c1, h2, c2][hidden]');
      const state = stateOf(place);
      for (let index = 0; index < copy.length; index++) state[placeInState(index, hidden, groupSize)] = copy[index]!;
    },
  };
}

function inputScaleOf(preprocessing: Preprocessing): number {
  if (preprocessing.kind === 'log-sign') return 1 / preprocessing.p;
  return preprocessing.kind === 'identity' ? preprocessing.scale : 1;
}

/** [coordinates][4·hidden] → [groups][4·hidden][groupSize]. */
function placeInState(index: number, hidden: number, groupSize: number): number {
  const coordinate = Math.floor(index / (4 * hidden));
  const row = index % (4 * hidden);
  return (Math.floor(coordinate / groupSize) * 4 * hidden + row) * groupSize + (coordinate % groupSize);
}

function instantiate(backend: CoordinatewiseLstmForwardOptions['backend']): { exports: Exports; memory: Memory } {
  try {
    const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface })
      .WebAssembly;
    const memory = new Memory({ initial: 1 });
    // Below 4 KB, which every browser compiles without waiting.
    const module = new Module(readAsset(binaries[backend ?? detectWasmBackend()]));
    return { exports: new Instance(module, { env: { memory } }).exports as Exports, memory };
  } catch (cause) {
    throw new KernelBackendError(
      `The optimizer's kernel needs WebAssembly with 128-bit SIMD${backend ? ` as ${backend}` : ''}, which this machine does not run. Use compute: 'tensors'.`,
      { cause },
    );
  }
}
