/** One run of benchmarks, as it is recorded. */
import { describeHardware } from '../functions/hardware.ts';
import type { BenchmarkRow, BenchmarkRun, Gigaflops } from '../lib/report/recorded-benchmarks.ts';
import type { MachinePeaks } from './machine-peaks.ts';

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
