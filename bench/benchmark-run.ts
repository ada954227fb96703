/** One run of benchmarks: its rows and all that one must know to compare them with another's. */
import { describeHardware } from '../functions/hardware.ts';
import type { BenchmarkRow } from './benchmark.ts';
import type { Gigaflops, MachinePeaks } from './machine-peaks.ts';

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

const workingSets = { '1 MB': 1e6, '100 MB': 1e8 } as const;

export function describeBenchmarkRun(
  rows: readonly BenchmarkRow[],
  peaks: MachinePeaks,
  { commit, versions }: Pick<BenchmarkRun, 'commit' | 'versions'>,
): BenchmarkRun {
  return {
    formatVersion: 1,
    date: new Date().toISOString(),
    commit,
    machine: describeHardware(),
    versions,
    peaks: {
      gigaflops: roundedBoth(peaks.gigaflops),
      ...(peaks.nativeGigaflops && { nativeGigaflops: roundedBoth(peaks.nativeGigaflops) }),
      gigabytesPerSecond: Object.fromEntries(
        Object.entries(workingSets).map(([name, bytes]) => [name, rounded(peaks.gigabytes(bytes))]),
      ),
    },
    rows,
  };
}

function roundedBoth({ 1: one, 2: two }: Gigaflops): Gigaflops {
  return { 1: rounded(one), 2: rounded(two) };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
