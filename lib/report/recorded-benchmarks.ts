/**
 * `docs/benchmarks.json`: one run of all benchmarks, as `npm run bench -- --record` wrote it; and how its figures compare,
 * the same in the terminal, in the tables and in the explorer.
 */
import { formatSignificant } from './format-numbers.ts';

/** Where the recorded run lies in the project. */
export const benchmarksPath = 'docs/benchmarks.json';

/** Our figure beside those of peers, measured in one run. */
export interface BenchmarkRow {
  readonly benchmark: string;
  /** What exactly was done. */
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  /** The same work by others, by their names. Empty: no peer does it. */
  readonly peers: Readonly<Record<string, number>>;
  /** The bound that our figure is held to: an upper one for times and sizes, a lower one for rates (`…/s`). */
  readonly limit: number;
  /** Our figure if only the work's operations, or its bytes, took time, at the peaks of this machine; where they are counted. */
  readonly physicalLimit?: number;
  /** One of the few that say what matters of the benchmark. */
  readonly headline?: true;
}

/** GFLOP/s by number of threads. */
export interface Gigaflops {
  readonly 1: number;
  readonly 2: number;
}

/** A run's rows and all that one must know to compare them with another's. */
export interface BenchmarkRun {
  readonly formatVersion: 1;
  /** ISO 8601. */
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  /** Of the npm packages that rows are about; those of peers in Python are in the peers' names. */
  readonly versions: Readonly<Record<string, string>>;
  /** GFLOP/s of fused multiply-adds on 128-bit lanes, by number of threads; GB/s of copies within the processor's caches and beyond. */
  readonly peaks: {
    readonly gigaflops: Gigaflops;
    readonly nativeGigaflops?: Gigaflops;
    readonly gigabytesPerSecond: Readonly<Record<string, number>>;
  };
  readonly rows: readonly BenchmarkRow[];
}

/** How many times better ours is than the other: more of a rate, less of anything else. */
export function timesBetter({ unit, ours }: Pick<BenchmarkRow, 'unit' | 'ours'>, other: number): number {
  return isRate(unit) ? ours / other : other / ours;
}

export function isRate(unit: string): boolean {
  return unit.endsWith('/s');
}

export function meetsBound({ unit, ours, limit }: BenchmarkRow): boolean {
  return isRate(unit) ? ours >= limit : ours <= limit;
}

/** `≤ 0.450` */
export function describeBound({ unit, limit }: BenchmarkRow): string {
  return `${isRate(unit) ? '≥' : '≤'} ${formatSignificant(limit)}`;
}

/** `8.56×` */
export function formatTimesBetter(row: BenchmarkRow, other: number): string {
  return `${formatSignificant(timesBetter(row, other))}×`;
}

/** Our own other ways stand beside a row too: a thread less, another solver, the plain layer. */
export function isOurs(peer: string): boolean {
  return /^our |^1 thread$|^fixed point$|^chebyshev$|^conjugate gradients$|^start from/.test(peer);
}

/** A phrase each: multiply-adds in WebAssembly, in native code where that was measured, and copies. */
export function describePeaks({ gigaflops, nativeGigaflops, gigabytesPerSecond }: BenchmarkRun['peaks']): string[] {
  const describe = ({ 1: one, 2: two }: Gigaflops, where: string) =>
    `${formatSignificant(one)} GFLOP/s on one thread and ${formatSignificant(two)} on two in ${where}`;
  const copies = Object.entries(gigabytesPerSecond).map(([size, rate]) => `${formatSignificant(rate)} GB/s in ${size}`);
  return [
    describe(gigaflops, 'WebAssembly'),
    ...(nativeGigaflops ? [describe(nativeGigaflops, 'native code')] : []),
    `copies of ${copies.join(' and ')}`,
  ];
}
