/**
 * Runs the blocks of a kernel's job on several threads over one shared memory.
 *
 * The calling thread takes part and returns when all blocks are done. Blocks are claimed one by one, so a thread that is
 * late, or has not started yet, costs nothing but its help; what a block computes must depend on its number alone, which
 * makes results equal to the bit for any number of threads.
 *
 * The counters of claimed and finished blocks only ever rise (modulo 2³²). A thread reads a job's arguments, then claims
 * a block by compare-and-exchange: success proves that the job it read is the one whose block it got, because the
 * arguments change only after every block of the job before has been claimed and finished.
 */
import { Worker } from 'node:worker_threads';
import { KernelTrapError } from './errors.ts';
import { type NativeCode, nativeBlocks } from './native-kernels.ts';
import { type CompiledModule, instantiateModule, type SharedMemory } from './web-assembly.ts';

/** `run(job, block, scratch)`: `job` and `scratch` are addresses in the shared memory. */
export type BlockFunction = (job: number, block: number, scratch: number) => void;

export interface ThreadPool {
  /** Runs `blocks` blocks of `functionName`, an export of the module. Throws KernelTrapError where one trapped. */
  run(functionName: string, job: number, blocks: number): void;
  /** Ends the threads. The pool goes on working, on the calling thread alone. */
  dispose(): void;
}

/** What every thread computes blocks with: a module that each instantiates, or a native library that each loads. */
export type KernelCode = CompiledModule | NativeCode;

export interface ThreadPoolOptions {
  readonly module: KernelCode;
  readonly memory: SharedMemory;
  /** The exports that `run` may name. */
  readonly functionNames: readonly string[];
  /** The address of each thread's own scratch memory; its length is the number of threads, the caller's first. */
  readonly scratch: readonly number[];
}

/** Places in the control array, the contended ones on cache lines of their own. */
export const controlPlaces = {
  claimed: 0,
  end: 16,
  finished: 32,
  first: 48,
  function: 49,
  job: 50,
  stop: 51,
  trap: 52,
};
const controlLength = 64;

/** Turns of a busy loop before a thread sleeps: some tens of microseconds, which a wake-up would cost as well. */
export const spinTurns = 2_000;

export interface WorkerStart {
  readonly module: KernelCode;
  readonly memory: SharedMemory;
  readonly functionNames: readonly string[];
  readonly scratch: number;
  readonly control: Int32Array<SharedArrayBuffer>;
}

/** The worker's file: TypeScript in the checkout, and beside the bundle what the bundler made of it. */
function workerFile(): URL {
  const source = new URL('./thread-pool-worker.ts', import.meta.url);
  return import.meta.url.endsWith('.ts') ? source : new URL(source.href.replace(/\.ts$/, '.mjs'));
}

export function createThreadPool({ module, memory, functionNames, scratch }: ThreadPoolOptions): ThreadPool {
  const control = new Int32Array(new SharedArrayBuffer(controlLength * Int32Array.BYTES_PER_ELEMENT));
  const ownScratch = scratch[0]!;
  const functions = blockFunctions(module, memory, functionNames);
  const workers = scratch.slice(1).map((address) => {
    const start: WorkerStart = { module, memory, functionNames, scratch: address, control };
    const worker = new Worker(workerFile(), { workerData: start, execArgv: [] });
    // Idle threads must not keep the process alive. One that cannot start is missed by nobody.
    worker.on('error', () => {});
    worker.unref();
    return worker;
  });

  return {
    run(functionName, job, blocks) {
      const index = functionNames.indexOf(functionName);
      const first = control[controlPlaces.end]!;
      const end = (first + blocks) | 0;
      control[controlPlaces.first] = first;
      control[controlPlaces.function] = index;
      control[controlPlaces.job] = job;
      Atomics.store(control, controlPlaces.end, end);
      if (workers.length > 0) Atomics.notify(control, controlPlaces.end);
      while (runOneBlock(control, functions, ownScratch)) {}
      awaitChange(control, controlPlaces.finished, (finished) => finished === end);
      if (Atomics.exchange(control, controlPlaces.trap, 0) !== 0) {
        throw new KernelTrapError(
          `The kernel ${functionName} trapped on one of its ${blocks} blocks. Its memory layout does not fit its module: rebuild the kernels (npm run build:kernels).`,
        );
      }
    },
    dispose() {
      Atomics.store(control, controlPlaces.stop, 1);
      Atomics.notify(control, controlPlaces.end);
      for (const worker of workers.splice(0)) void worker.terminate();
    },
  };
}

/** The functions of these names over `memory`, for the calling thread. */
export function blockFunctions(
  module: KernelCode,
  memory: SharedMemory,
  functionNames: readonly string[],
): readonly BlockFunction[] {
  const exports: Readonly<Record<string, BlockFunction>> =
    'nativeFile' in module ? nativeBlocks(module, memory) : instantiateModule(module, memory);
  return functionNames.map((name) => exports[name]!);
}

/** Claims a block and runs it. False: none is left. */
export function runOneBlock(
  control: Int32Array<SharedArrayBuffer>,
  functions: readonly BlockFunction[],
  scratch: number,
): boolean {
  for (;;) {
    const block = Atomics.load(control, controlPlaces.claimed);
    const end = Atomics.load(control, controlPlaces.end);
    if (block === end) return false;
    const first = Atomics.load(control, controlPlaces.first);
    const run = functions[Atomics.load(control, controlPlaces.function)]!;
    const job = Atomics.load(control, controlPlaces.job);
    const next = (block + 1) | 0;
    if (Atomics.compareExchange(control, controlPlaces.claimed, block, next) !== block) continue;
    try {
      run(job, (block - first) | 0, scratch);
    } catch {
      Atomics.store(control, controlPlaces.trap, 1);
    }
    if (((Atomics.add(control, controlPlaces.finished, 1) + 1) | 0) === end) {
      Atomics.notify(control, controlPlaces.finished);
    }
    return true;
  }
}

/** Returns once the value at `place` satisfies `reached`: a short spin, then sleep. */
export function awaitChange(
  control: Int32Array<SharedArrayBuffer>,
  place: number,
  reached: (value: number) => boolean,
): void {
  for (let turn = 0; ; turn++) {
    const value = Atomics.load(control, place);
    if (reached(value)) return;
    if (turn >= spinTurns) Atomics.wait(control, place, value);
  }
}
