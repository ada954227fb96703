/** Convolutions on the SIMD kernel (assembly/convolution.ts), any number of them in one memory and on one pool of threads. */
import { detectWasmBackend } from '../numerics/backend.ts';
import {
  type Convolution,
  type ConvolutionShape,
  checkConvolutionShape,
  convolutionSizes,
  requireElements,
} from './convolution.ts';
import { KernelShapeError } from './errors.ts';
import { createKernelMemory, type KernelMemory, loadKernelModule } from './kernel-memory.ts';
import { createThreadPool, type ThreadPool } from './thread-pool.ts';
import { allocateSharedMemory, instantiateModule } from './web-assembly.ts';

export interface ConvolutionKernelsOptions {
  /** Of all arrays and convolutions together; `convolutionBytes` says what a convolution takes besides its arrays. */
  readonly capacityBytes: number;
  /** Threads that work on a call, the caller's included; 1 by default. Results are equal to the bit for any number. */
  readonly threads?: number;
  /** What `detectWasmBackend` says, by default. */
  readonly backend?: 'wasm-relaxed' | 'wasm-plain';
}

export interface ConvolutionKernels {
  /** A new array in the kernels' memory, all zero: every array that a convolution of these is given must be one. */
  allocate(elements: number): Float32Array;
  /**
   * Throws KernelShapeError for a shape that is none, or too large for the memory.
   *
   * @param fixedFilter a filter whose values never change from now on: it is put into the kernel's order once, not at every call
   */
  convolution(shape: ConvolutionShape, fixedFilter?: Float32Array): Convolution;
  /** Ends the threads. */
  dispose(): void;
}

const binaries = {
  'wasm-relaxed': new URL('./build/convolution.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/convolution.plain.wasm', import.meta.url),
};

/** The fields of `ConvolutionJob` in assembly/convolution-job.ts, in its order, 4 bytes each. */
export const convolutionJobFields = [
  'input',
  'output',
  'packed',
  'partials',
  'images',
  'height',
  'width',
  'inputChannels',
  'outputChannels',
  'kernelSize',
  'bandRows',
  'bandsPerImage',
  'partialCount',
] as const;
export type ConvolutionJob = Readonly<Record<(typeof convolutionJobFields)[number], number>>;

/** Each thread's copy of a band's padded rows, and one tile of its output. */
export const scratchBytes = 2 ** 20;
/** Bands of a call at least, where there are so many rows: enough that two or eight threads end at nearly the same time. */
const fewestBands = 32;
/** Sums of a filter's gradient that are kept apart and added in their order: never a function of the threads. */
const mostPartials = 16;
const mostPartialBytes = 2 ** 24;

export interface ConvolutionExports {
  heapBase(): number;
  packFilter(filter: number, kernelSize: number, inputs: number, outputs: number, packed: number): void;
  packTurnedFilter(filter: number, kernelSize: number, inputs: number, outputs: number, packed: number): void;
  unpackFilterGradient(
    partials: number,
    count: number,
    kernelSize: number,
    inputs: number,
    outputs: number,
    target: number,
  ): void;
}

/** Throws KernelShapeError for options out of range, KernelBackendError where the backend cannot run here. */
export function createConvolutionKernels(options: ConvolutionKernelsOptions): ConvolutionKernels {
  const { capacityBytes, threads = 1, backend = detectWasmBackend() } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new KernelShapeError(`threads must be a positive whole number, got ${threads}.`);
  }
  const module = loadKernelModule(binaries, backend);
  const { heapBase } = instantiateModule<ConvolutionExports>(module, allocateSharedMemory(1));
  const memory = createKernelMemory(heapBase(), capacityBytes + threads * (scratchBytes + 64));
  const kernel = instantiateModule<ConvolutionExports>(module, memory.memory);
  const scratch = Array.from({ length: threads }, () => memory.allocate(scratchBytes));
  const pool = createThreadPool({
    module,
    memory: memory.memory,
    functionNames: ['convolve', 'filterGradient'],
    scratch,
  });
  return {
    allocate: (elements) => memory.allocateFloats(elements),
    convolution: (shape, fixedFilter) => createConvolution(shape, memory, kernel, pool, fixedFilter),
    dispose: () => pool.dispose(),
  };
}

/** Bytes that a convolution keeps in the kernels' memory besides its arrays. */
export function convolutionBytes(shape: ConvolutionShape): number {
  const { packed, turned, partial, partialCount } = workspaceOf(shape);
  return packed + turned + partial * partialCount + 4 * convolutionJobFields.length + 4 * 64;
}

/** Bytes of packed filters, and of sums of the filter's gradient, with how many of them are kept apart. */
export function workspaceOf({ images, height, inputChannels, outputChannels, kernelSize }: ConvolutionShape) {
  const tiles = (channels: number) => 32 * Math.ceil(channels / 8);
  const partial = tiles(outputChannels) * kernelSize * Math.ceil((kernelSize * inputChannels) / 4) * 4;
  return {
    packed: tiles(outputChannels) * kernelSize ** 2 * inputChannels,
    turned: tiles(inputChannels) * kernelSize ** 2 * outputChannels,
    partial,
    partialCount: Math.max(1, Math.min(mostPartials, images * height, Math.floor(mostPartialBytes / partial))),
  };
}

/** Rows of a band: as many as make enough bands of all images, and as the scratch memory has room for. */
function bandRowsOf({ images, height, width, kernelSize }: ConvolutionShape, channels: number): number {
  const rowBytes = 4 * (width + kernelSize - 1) * channels;
  const room = Math.floor((scratchBytes - rowBytes * (kernelSize - 1)) / (rowBytes + 32 * width));
  if (room < 1) {
    throw new KernelShapeError(
      `A convolution needs ${kernelSize} padded rows of ${width} × ${channels} floats at once, and the kernel has room for ${scratchBytes} bytes of them. Cut the image into narrower ones.`,
    );
  }
  return Math.min(height, room, Math.max(1, Math.ceil((images * height) / fewestBands)));
}

function createConvolution(
  shape: ConvolutionShape,
  { allocate, addressOf, integers }: KernelMemory,
  kernel: ConvolutionExports,
  pool: ThreadPool,
  fixedFilter?: Float32Array,
): Convolution {
  checkConvolutionShape(shape);
  const { images, height, width, inputChannels, outputChannels, kernelSize } = shape;
  const sizes = convolutionSizes(shape);
  const workspace = workspaceOf(shape);
  const forwardRows = bandRowsOf(shape, inputChannels);
  const backwardRows = bandRowsOf(shape, outputChannels);
  const packed = allocate(workspace.packed);
  const turned = allocate(workspace.turned);
  const partials = allocate(workspace.partial * workspace.partialCount);
  const job = allocate(4 * convolutionJobFields.length);

  const find = (name: string, array: Float32Array, elements: number) => {
    requireElements(name, array, elements, shape);
    return addressOf(name, array);
  };
  const run = (functionName: string, values: ConvolutionJob, blocks: number) => {
    for (const [index, field] of convolutionJobFields.entries()) integers[job / 4 + index] = values[field];
    pool.run(functionName, job, blocks);
  };
  /** Packs a filter, where it is not there from an earlier call. */
  const pack = (packing: 'packFilter' | 'packTurnedFilter', filter: Float32Array, target: number) => {
    const address = find('filter', filter, sizes.filter);
    if (filter === fixedFilter && arranged.has(packing)) return;
    kernel[packing](address, kernelSize, inputChannels, outputChannels, target);
    if (filter === fixedFilter) arranged.add(packing);
    else arranged.delete(packing);
  };
  const arranged = new Set<'packFilter' | 'packTurnedFilter'>();
  const common = { images, height, width, kernelSize, partials, partialCount: workspace.partialCount };
  const forwardBands = Math.ceil(height / forwardRows);
  const backwardBands = Math.ceil(height / backwardRows);

  return {
    shape,
    forward(input, filter, output) {
      const from = find('input', input, sizes.input);
      const to = find('output', output, sizes.output);
      pack('packFilter', filter, packed);
      const values = { ...common, input: from, output: to, packed, inputChannels, outputChannels };
      run('convolve', { ...values, bandRows: forwardRows, bandsPerImage: forwardBands }, images * forwardBands);
    },
    inputGradient(outputGradient, filter, inputGradient) {
      const from = find('outputGradient', outputGradient, sizes.output);
      const to = find('inputGradient', inputGradient, sizes.input);
      // The convolution of the output's gradient with the turned filter, from the output's channels to the input's.
      pack('packTurnedFilter', filter, turned);
      const channels = { inputChannels: outputChannels, outputChannels: inputChannels };
      const values = { ...common, input: from, output: to, packed: turned, ...channels };
      run('convolve', { ...values, bandRows: backwardRows, bandsPerImage: backwardBands }, images * backwardBands);
    },
    filterGradient(input, outputGradient, filterGradient) {
      const values = {
        ...common,
        input: find('input', input, sizes.input),
        output: find('outputGradient', outputGradient, sizes.output),
        packed,
        inputChannels,
        outputChannels,
        bandRows: forwardRows,
        bandsPerImage: forwardBands,
      };
      const to = find('filterGradient', filterGradient, sizes.filter);
      run('filterGradient', values, workspace.partialCount);
      const { partialCount } = workspace;
      kernel.unpackFilterGradient(partials, partialCount, kernelSize, inputChannels, outputChannels, to);
    },
  };
}
