/** The coordinatewise LSTM optimizer on the SIMD kernels: assembly/coordinatewise-lstm.ts, or native/ of the same over the same memory. */
import { readFileSync } from 'node:fs';
import { detectWasmBackend } from '../numerics/backend.ts';
import {
  type CoordinatewiseLstm,
  type CoordinatewiseLstmOptions,
  checkOptions,
  describeInputRows,
  type Preprocessing,
  requireLength,
  requireSelection,
  requireWindow,
} from './coordinatewise-lstm.ts';
import { groupSize, type JobField, layOutMemory, maximumBlocks, writeJob } from './coordinatewise-lstm-memory.ts';
import { packedOrder } from './coordinatewise-lstm-parameters.ts';
import { KernelBackendError, KernelShapeError } from './errors.ts';
import { findNativeKernels, loadNativeKernels } from './native-kernels.ts';
import { createThreadPool, type KernelCode } from './thread-pool.ts';
import { allocateSharedMemory, compileModule, instantiateModule } from './web-assembly.ts';

export interface CoordinatewiseLstmKernelOptions extends CoordinatewiseLstmOptions {
  /** Threads that work on a step, the caller's included; 1 by default. Results are equal to the bit for any number. */
  readonly threads?: number;
  /** What `detectWasmBackend` says, by default. */
  readonly backend?: 'wasm-relaxed' | 'wasm-plain' | 'native';
}

const binaries = {
  'wasm-relaxed': new URL('./build/coordinatewise-lstm.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/coordinatewise-lstm.plain.wasm', import.meta.url),
};

/** What the layout of the memory must know of the code. */
interface KernelSizes {
  /** The first address that is free. */
  heapBase(): number;
  stepScratchBytes(hidden: number): number;
  backwardScratchBytes(hidden: number, steps: number): number;
}

/** Throws KernelShapeError for options out of range, KernelBackendError where the backend cannot run here. */
export function createCoordinatewiseLstmKernel(options: CoordinatewiseLstmKernelOptions): CoordinatewiseLstm {
  const { coordinates, unrollSteps, preprocessing, hidden, outputScale, inputs, inputRows, layout } =
    checkOptions(options);
  const { threads = 1, backend = detectWasmBackend() } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new KernelShapeError(`threads must be a positive whole number, got ${threads}.`);
  }
  const { module, sizes } = backend === 'native' ? loadNative() : loadModule(backend);
  const order = packedOrder({ inputs, hidden });
  const kernelMemory = layOutMemory({
    heapBase: sizes.heapBase(),
    hidden,
    coordinates,
    unrollSteps,
    inputRows,
    order,
    scratchBytes: Math.max(sizes.stepScratchBytes(hidden), sizes.backwardScratchBytes(hidden, unrollSteps)),
    threads,
  });
  const { memory, floats, integers, address, scratch, stride } = kernelMemory;
  const pool = createThreadPool({ module, memory, functionNames: ['step', 'backward'], scratch });

  const stateFloats = stride * 4 * hidden;
  const state = floats.subarray(address.state / 4, address.state / 4 + stateFloats);
  const windowState = floats.subarray(address.windowState / 4, address.windowState / 4 + stateFloats);
  const updatesView = floats.subarray(address.updates / 4, address.updates / 4 + coordinates);
  const logSign = preprocessing.kind === 'log-sign';
  const common: Record<JobField, number> = {
    hidden,
    logSign: logSign ? 1 : 0,
    inputRows,
    groups: stride / groupSize,
    blocks: Math.min(maximumBlocks, stride / groupSize),
    layer1: address.forwardWeights,
    layer2: address.forwardWeights + order.layer2 * 4,
    output: address.forwardWeights + order.output * 4,
    transposed1: address.transposedWeights,
    transposed2: address.transposedWeights + order.transposed2 * 4,
    state: address.state,
    gradients: address.gradients,
    updates: address.updates,
    outputScale,
    inputScale: inputScaleOf(preprocessing),
    threshold: logSign ? Math.exp(-preprocessing.p) : 0,
    inverseThreshold: logSign ? Math.exp(preprocessing.p) : 0,
    steps: 0,
    stride,
    selected: address.selected,
    partials: address.partials,
    partialFloats: order.forward.length,
  };
  const everyCoordinate = Int32Array.from({ length: coordinates }, (_, coordinate) => coordinate);
  /** Steps since beginUnroll; −1: no window. */
  let steps = -1;

  return {
    coordinates,
    unrollSteps,
    layout,

    setParameters(parameters) {
      requireLength('parameters', parameters, layout.size, 'the size of the layout');
      const { forward, forwardFactor, transposed } = order;
      for (let place = 0; place < forward.length; place++) {
        const value = forward[place]! < 0 ? 0 : parameters[forward[place]!]!;
        floats[address.forwardWeights / 4 + place] = value * forwardFactor[place]!;
      }
      for (let place = 0; place < transposed.length; place++) {
        floats[address.transposedWeights / 4 + place] = transposed[place]! < 0 ? 0 : parameters[transposed[place]!]!;
      }
    },

    resetState() {
      state.fill(0);
      steps = -1;
    },

    readState() {
      const copy = new Float32Array(coordinates * 4 * hidden);
      for (let place = 0; place < copy.length; place++) copy[place] = state[placeInState(place, hidden)]!;
      return copy;
    },

    writeState(copy) {
      requireLength('state', copy, coordinates * 4 * hidden, '[coordinates][h1, c1, h2, c2][hidden]');
      for (let place = 0; place < copy.length; place++) state[placeInState(place, hidden)] = copy[place]!;
      steps = -1;
    },

    beginUnroll() {
      windowState.set(state);
      steps = 0;
    },

    step(gradients, updates) {
      requireLength('gradients', gradients, inputRows * coordinates, describeInputRows(inputRows));
      requireLength('updates', updates, coordinates, 'one a coordinate');
      // Past the window's end nothing is kept any more, and backward will say so.
      const place = steps >= 0 && steps < unrollSteps ? steps : 0;
      const row = address.gradients + place * inputRows * stride * 4;
      for (let input = 0; input < inputRows; input++) {
        const values = gradients.subarray(input * coordinates, (input + 1) * coordinates);
        floats.set(values, row / 4 + input * stride);
      }
      writeJob(kernelMemory, address.stepJob, { ...common, gradients: row });
      pool.run('step', address.stepJob, common.blocks);
      updates.set(updatesView);
      if (steps >= 0) steps++;
    },

    backward(updateGradients, selected = everyCoordinate) {
      const windowSteps = requireWindow(steps, unrollSteps);
      if (selected !== everyCoordinate) requireSelection(selected, coordinates);
      const count = selected.length;
      requireLength('updateGradients', updateGradients, windowSteps * count, `[${windowSteps} steps][${count}]`);
      const gradient = new Float64Array(layout.size);
      if (count === 0) return new Float32Array(gradient);
      const groups = Math.ceil(count / groupSize);
      const blocks = Math.min(maximumBlocks, groups);
      const lanes = groups * groupSize;
      integers.fill(-1, address.selected / 4, address.selected / 4 + lanes);
      integers.set(selected, address.selected / 4);
      floats.fill(0, address.updateGradients / 4, address.updateGradients / 4 + windowSteps * lanes);
      for (let t = 0; t < windowSteps; t++) {
        floats.set(updateGradients.subarray(t * count, (t + 1) * count), address.updateGradients / 4 + t * lanes);
      }
      writeJob(kernelMemory, address.backwardJob, {
        ...common,
        groups,
        blocks,
        state: address.windowState,
        updates: address.updateGradients,
        steps: windowSteps,
      });
      pool.run('backward', address.backwardJob, blocks);
      // Always in the order of the blocks, in float64: the same bits whichever thread took which block.
      const { forward } = order;
      for (let block = 0; block < blocks; block++) {
        const partial = address.partials / 4 + block * forward.length;
        for (let place = 0; place < forward.length; place++) {
          const parameter = forward[place]!;
          if (parameter >= 0) gradient[parameter]! += floats[partial + place]!;
        }
      }
      return new Float32Array(gradient);
    },

    dispose: () => pool.dispose(),
  };
}

function inputScaleOf(preprocessing: Preprocessing): number {
  if (preprocessing.kind === 'log-sign') return 1 / preprocessing.p;
  return preprocessing.kind === 'identity' ? preprocessing.scale : 1;
}

/** [coordinates][4·hidden] → [groups][4·hidden][8]. */
function placeInState(place: number, hidden: number): number {
  const coordinate = Math.floor(place / (4 * hidden));
  const row = place % (4 * hidden);
  return ((coordinate >> 3) * 4 * hidden + row) * groupSize + (coordinate & 7);
}

interface LoadedCode {
  readonly module: KernelCode;
  readonly sizes: KernelSizes;
}

function loadNative(): LoadedCode {
  const module = findNativeKernels();
  return { module, sizes: { heapBase: () => 0, ...loadNativeKernels(module) } };
}

function loadModule(backend: 'wasm-relaxed' | 'wasm-plain'): LoadedCode {
  try {
    const module = compileModule(readFileSync(binaries[backend]));
    return { module, sizes: instantiateModule<KernelSizes>(module, allocateSharedMemory(1)) };
  } catch (cause) {
    throw new KernelBackendError(
      `The backend ${backend} must be one that this machine can compile. Choose wasm-plain, or a Node from 22 up.`,
      { cause },
    );
  }
}
