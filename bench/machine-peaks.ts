/**
 * What this machine can do at best, measured in the run whose rows are held against it: fused multiply-adds in WebAssembly, whose
 * vectors are 128 bits wide, and in native code, whose are as wide as the processor's; and copying between buffers.
 */
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { compileKernel } from '../lib/kernels/build.ts';
import type { NativeCode } from '../lib/kernels/native-kernels.ts';
import { median } from '../lib/numerics/median.ts';
import type { Gigaflops } from '../lib/report/recorded-benchmarks.ts';
import { type MultiplyAdds, multiplyAddsForWhile } from './multiply-adds.ts';

export interface MachinePeaks {
  /** Operations a nanosecond in WebAssembly, by number of threads. */
  readonly gigaflops: Gigaflops;
  /** In native code; absent where it was not compiled. */
  readonly nativeGigaflops?: Gigaflops;
  /** Bytes read and written a nanosecond by one thread that copies back and forth within a working set of this many bytes. */
  gigabytes(workingSet: number): number;
}

/** What a unit of work needs at least. */
export interface Work {
  /** Additions and multiplications. */
  readonly operations?: number;
  /** Read and written once. */
  readonly bytes?: number;
  /** Bytes that the repeated work goes through, which decides from which cache they come: `bytes` where absent. */
  readonly workingSet?: number;
  readonly threads?: 1 | 2;
  /** Whether native code does it. */
  readonly native?: boolean;
}

const rounds = 5;

/** @param native where kernels for this processor were compiled */
export async function measureMachinePeaks(native: NativeCode | undefined): Promise<MachinePeaks> {
  const bytes = await compileKernel({ name: 'peak', sharedMemory: false }, 'relaxed', multiplyAddSource);
  const gigaflops = await measureGigaflops(bytes);
  const nativeGigaflops = native && (await measureGigaflops(native));
  const copies = new Map<number, number>();
  return {
    gigaflops,
    ...(nativeGigaflops && { nativeGigaflops }),
    gigabytes: (workingSet) => {
      const measured = copies.get(workingSet) ?? measureCopies(workingSet);
      copies.set(workingSet, measured);
      return measured;
    },
  };
}

async function measureGigaflops(code: MultiplyAdds): Promise<Gigaflops> {
  const one: number[] = [];
  for (let round = 0; round < rounds; round++) one.push(multiplyAddsForWhile(code));
  const worker = new Worker(new URL('./multiply-adds.ts', import.meta.url), { workerData: code });
  // Until it is at work.
  await setTimeout(1000);
  const two: number[] = [];
  for (let round = 0; round < rounds; round++) two.push(2 * multiplyAddsForWhile(code));
  await worker.terminate();
  return { 1: median(one), 2: median(two) };
}

/**
 * The least time that a work can take, in nanoseconds: its operations' or its bytes', whichever is longer. Throws a
 * TypeError for native work where native code was not measured.
 */
export function leastNanoseconds(work: Work, peaks: MachinePeaks): number {
  const { operations = 0, bytes = 0, workingSet, threads = 1, native = false } = work;
  const moving = bytes === 0 ? 0 : bytes / peaks.gigabytes(workingSet ?? bytes);
  const gigaflops = native ? peaks.nativeGigaflops! : peaks.gigaflops;
  return Math.max(operations / gigaflops[threads], moving);
}

function measureCopies(workingSet: number): number {
  const half = new Uint8Array(Math.ceil(workingSet / 2));
  const other = new Uint8Array(half.length).fill(1);
  const repeats = Math.max(2, Math.ceil(50e6 / workingSet));
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) {
      half.set(other);
      other.set(half);
    }
    const nanoseconds = 1e6 * (performance.now() - start);
    // The first round brings the pages in. Each copy reads its source and writes its target.
    if (round > 0) rates.push((4 * half.length * repeats) / nanoseconds);
  }
  return median(rates);
}

/** Twelve chains that do not wait for each other: as many as keep two units of a latency of four to six busy. */
const chains = Array.from({ length: 12 }, (_, chain) => `a${chain}`);
// Factor and term are arguments: constants would be made anew for each operation.
const multiplyAddSource = `
export function multiplyAdd(rounds: i32, factorOfEach: f32, termOfEach: f32): f32 {
  const factor = f32x4.splat(factorOfEach);
  const term = f32x4.splat(termOfEach);
  ${chains.map((name, chain) => `let ${name} = f32x4.splat(${chain + 1});`).join('\n  ')}
  for (let round = 0; round < rounds; round++) {
    ${chains.map((name) => `${name} = f32x4.relaxed_madd(${name}, factor, term);`).join('\n    ')}
  }
  // All are used, or the compiler leaves them out.
  return ${chains.map((name) => `f32x4.extract_lane(${name}, 0)`).join(' + ')};
}`;
