/**
 * The random walk over one image of random-walk-kernel.ts on several threads, for Node: affinities, degrees, steps and iterations in
 * bands of rows. What conjugate gradients need besides stays on the calling thread.
 */
import { KernelShapeError } from './errors.ts';
import { type KernelBinaries, presentKernelBuild } from './kernel-instance.ts';
import { createKernelMemory, loadKernelModule } from './kernel-memory.ts';
import {
  type RandomWalkKernel,
  type RandomWalkKernelOptions,
  randomWalkBytes,
  randomWalkIn,
  type WalkExports,
} from './random-walk-kernel.ts';
import { windowWords } from './random-walk-window.ts';
import { createThreadPool } from './thread-pool.ts';
import { allocateSharedMemory, instantiateModule } from './web-assembly.ts';

export interface ThreadedRandomWalkOptions extends RandomWalkKernelOptions {
  /** Threads that work on a call, the caller's included. Results are equal to the bit for any number, and to those of one kernel. */
  readonly threads: number;
}

export interface ThreadedRandomWalkKernel extends RandomWalkKernel {
  /** Ends the threads. The kernel goes on working, on the calling thread alone. */
  dispose(): void;
}

interface Exports extends WalkExports {
  heapBase(): number;
  runBytes(radius: number): number;
}

const binaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/random-walk-threads.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/random-walk-threads.plain.wasm', import.meta.url),
};

/** The fields of `RandomWalkJob` in assembly/random-walk-threads.ts, in its order, 4 bytes each; `settings` are float32. */
const integerFields = [
  ...(['features', 'weights', 'affinities', 'inverseDegrees', 'from', 'to', 'start', 'largest', 'window'] as const),
  ...(['height', 'width', 'channels', 'columns', 'radius', 'places', 'bandRows'] as const),
];
const floatFields = ['diffusion', 'omega', 'gamma'] as const;
type Job = Readonly<Record<(typeof integerFields)[number] | (typeof floatFields)[number], number>>;

/** Bands of an image, where it has so many rows: enough that two or eight threads end at nearly the same time. */
const mostBands = 32;

/**
 * Threads start by themselves: until they have, the caller computes alone. Throws what `createRandomWalkKernel` throws, and
 * KernelShapeError for no number of threads.
 *
 * @param valueArrays how many arrays [pixels, classes] there shall be
 */
export function createThreadedRandomWalkKernel(
  options: ThreadedRandomWalkOptions,
  valueArrays: number,
): ThreadedRandomWalkKernel {
  const { height, width, classes, channels, neighbourhood, threads, build = presentKernelBuild() } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new KernelShapeError(`threads must be a positive whole number, got ${threads}.`);
  }
  const module = loadKernelModule(binaries, build);
  const { heapBase, runBytes } = instantiateModule<Exports>(module, allocateSharedMemory(1));
  const bandRows = Math.ceil(height / mostBands);
  const bands = Math.ceil(height / bandRows);
  const words = windowWords(neighbourhood);
  const walkBytes = randomWalkBytes(options, valueArrays);
  const jobBytes = 4 * (integerFields.length + floatFields.length);
  // Each on cache lines of its own.
  const extraBytes = [words.byteLength, 8 * bands, jobBytes].reduce((sum, bytes) => sum + bytes + 64, 64);
  const scratchBytes = Math.max(runBytes(neighbourhood.radius) + 4 * width * classes, 8 * bandRows * width);
  const memory = createKernelMemory(heapBase(), walkBytes + extraBytes + threads * (scratchBytes + 64));
  const kernel = instantiateModule<Exports>(module, memory.memory);
  const walk = randomWalkIn(
    { buffer: memory.memory.buffer, kernel, start: memory.allocate(walkBytes) },
    options,
    valueArrays,
  );
  const window = memory.allocate(words.byteLength);
  memory.integers.set(words, window / 4);
  const largestAt = memory.allocate(8 * bands);
  const largest = new Float64Array(memory.memory.buffer, largestAt, bands);
  const job = memory.allocate(jobBytes);
  const floats = new Float32Array(memory.memory.buffer);
  const scratch = Array.from({ length: threads }, () => memory.allocate(scratchBytes));
  const functionNames = ['affinityBand', 'degreeBand', 'productBand', 'iterateBand'] as const;
  const pool = createThreadPool({ module, memory: memory.memory, functionNames, scratch });

  const whole: Job = {
    ...{ features: walk.features.byteOffset, weights: walk.weights.byteOffset },
    ...{ affinities: walk.affinities.byteOffset, inverseDegrees: walk.inverseDegrees.byteOffset },
    ...{ from: 0, to: 0, start: 0, largest: largestAt, window, height, width, channels, columns: classes },
    ...{ radius: neighbourhood.radius, places: neighbourhood.offsets.length, bandRows },
    ...{ diffusion: 0, omega: 0, gamma: 0 },
  };
  const run = (name: (typeof functionNames)[number], values: Partial<Job> = {}) => {
    const fields = { ...whole, ...values };
    for (const [index, field] of integerFields.entries()) memory.integers[job / 4 + index] = fields[field];
    for (const [index, field] of floatFields.entries()) floats[job / 4 + integerFields.length + index] = fields[field];
    pool.run(name, job, bands);
  };
  const largestOfBands = () => largest.reduce((most, value) => Math.max(most, value), 0);
  const normalize = () => {
    run('degreeBand');
    return largestOfBands();
  };
  return {
    ...walk,
    normalize,
    computeAffinities() {
      run('affinityBand');
      return normalize();
    },
    step(f, y) {
      run('productBand', { from: f.byteOffset, to: y.byteOffset });
    },
    iterate(x, previous, f, coefficients) {
      run('iterateBand', {
        ...{ from: x.byteOffset, to: previous.byteOffset, start: f.byteOffset },
        ...coefficients,
      });
      return largestOfBands();
    },
    dispose: () => pool.dispose(),
  };
}
