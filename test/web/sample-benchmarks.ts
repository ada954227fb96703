/** A recorded run with a row of each kind: ahead, behind, alone, native, beside another way of ours. */
import type { BenchmarkRow, BenchmarkRun } from '../../lib/report/recorded-benchmarks.ts';

export const ahead: BenchmarkRow = {
  benchmark: 'walk',
  case: 'a step, 1 thread',
  unit: 'ms',
  ours: 2,
  peers: { scipy: 8, 'our plain step': 1.6 },
  limit: 3,
  physicalLimit: 1,
};
export const beaten: BenchmarkRow = {
  benchmark: 'walk',
  case: 'a step, 1 thread, native',
  unit: 'GFLOP/s',
  ours: 40,
  peers: { scipy: 10, 'JAX <fast>': 640 },
  limit: 50,
  physicalLimit: 60,
};
export const alone: BenchmarkRow = { benchmark: 'memory', case: 'a run', unit: 'MB', ours: 7, peers: {}, limit: 64 };

export const sampleBenchmarks: BenchmarkRun = {
  formatVersion: 1,
  date: '2026-11-25T12:00:00.000Z',
  commit: '0123456789abcdef0123456789abcdef01234567+',
  machine: '2 × a processor',
  versions: { tfjs: '4.22.0' },
  peaks: { gigaflops: { 1: 60, 2: 110 }, nativeGigaflops: { 1: 200, 2: 390 }, gigabytesPerSecond: { '1 MB': 100 } },
  rows: [ahead, beaten, alone],
};
