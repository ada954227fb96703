import { describe, expect, it } from 'vitest';
import { renderBenchmarksPage, renderHeadlines, renderTextTable } from '../../bench/render-benchmarks.ts';
import type { BenchmarkRow, BenchmarkRun } from '../../lib/report/recorded-benchmarks.ts';

const time: BenchmarkRow = {
  benchmark: 'walk',
  case: 'a step',
  unit: 'ms',
  ours: 2,
  peers: { 'our dense CRF': 1, scipy: 8, 'JAX | fast': 4 },
  limit: 3,
  physicalLimit: 0.5,
  headline: true,
};
const rate: BenchmarkRow = {
  benchmark: 'walk',
  case: 'work',
  unit: 'GFLOP/s',
  ours: 40,
  peers: { scipy: 10 },
  limit: 35,
};
const alone: BenchmarkRow = {
  benchmark: 'memory',
  case: 'a run',
  unit: 'MB',
  ours: 7,
  peers: {},
  limit: 64,
  headline: true,
};
const run: BenchmarkRun = {
  formatVersion: 1,
  date: '2026-11-25T12:00:00.000Z',
  commit: '0123456789abcdef',
  machine: '2 × a processor',
  versions: { tfjs: '4.22.0' },
  peaks: { gigaflops: { 1: 60, 2: 110 }, gigabytesPerSecond: { '1 MB': 100 } },
  rows: [time, rate, alone],
};

describe('renderHeadlines', () => {
  it('puts each headline beside the best peer that is not ours, with its command', () => {
    const lines = renderHeadlines(run).split('\n');
    expect(lines[2]).toBe('| `walk` | a step | ms | 2 | 4 (JAX \\| fast) | 2× | 0.500 |');
    expect(lines[3]).toBe('| `memory` | a run | MB | 7 | – |  | – |');
    expect(lines[4]).toBe('');
    expect(lines[5]).toContain('at commit 0123456: 2 × a processor; tfjs 4.22.0');
  });
});

describe('renderBenchmarksPage', () => {
  it('has every row with every peer, by benchmark', () => {
    const page = renderBenchmarksPage(run);
    expect(page).toContain('## walk\n\n`npm run bench -- walk`');
    expect(page).toContain('| a step | ms | 2 | our dense CRF: 1 | 0.500× | 0.500 | ≤ 3 |');
    expect(page).toContain('|  |  |  | scipy: 8 | 4× |  |  |');
    expect(page).toContain('| work | GFLOP/s | 40 | scipy: 10 | 4× | – | ≥ 35 |');
  });
});

describe('renderTextTable', () => {
  it('is a line a row', () => {
    const lines = renderTextTable(run.rows).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^walk {2,}work {2,}40 GFLOP\/s {2,}≥ 35 {2,}– {2,}scipy 10 \(4×\)$/);
  });
});
