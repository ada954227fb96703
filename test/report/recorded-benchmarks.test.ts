import { describe, expect, it } from 'vitest';
import {
  type BenchmarkRow,
  describeBound,
  describePeaks,
  formatTimesBetter,
  meetsBound,
  timesBetter,
} from '../../lib/report/recorded-benchmarks.ts';

const time: BenchmarkRow = { benchmark: 'walk', case: 'a step', unit: 'ms', ours: 2, peers: {}, limit: 3 };
const rate: BenchmarkRow = { ...time, unit: 'GFLOP/s', ours: 40, limit: 35 };

describe('timesBetter', () => {
  it('is above 1 for a lower time and for a higher rate', () => {
    expect(timesBetter(time, 8)).toBe(4);
    expect(timesBetter(rate, 10)).toBe(4);
    expect(formatTimesBetter(time, 1)).toBe('0.500×');
  });
});

describe('the bound', () => {
  it('is an upper one of a time and a lower one of a rate, and is met at itself', () => {
    expect([describeBound(time), describeBound(rate)]).toEqual(['≤ 3', '≥ 35']);
    expect([2, 3, 4].map((ours) => meetsBound({ ...time, ours }))).toEqual([true, true, false]);
    expect([30, 35, 40].map((ours) => meetsBound({ ...rate, ours }))).toEqual([false, true, true]);
  });
});

describe('describePeaks', () => {
  const peaks = { gigaflops: { 1: 60, 2: 110 }, gigabytesPerSecond: { '1 MB': 100, '100 MB': 40 } };
  it('speaks of native code only where it was measured', () => {
    const wasm = '60 GFLOP/s on one thread and 110 on two in WebAssembly';
    const copies = 'copies of 100 GB/s in 1 MB and 40 GB/s in 100 MB';
    expect(describePeaks(peaks)).toEqual([wasm, copies]);
    expect(describePeaks({ ...peaks, nativeGigaflops: { 1: 200, 2: 390 } })).toEqual([
      wasm,
      '200 GFLOP/s on one thread and 390 on two in native code',
      copies,
    ]);
  });
});
