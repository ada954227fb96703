/** Benchmarks: what one is, and how contestants are timed side by side. */
import { median } from '../lib/numerics/median.ts';
import type { BenchmarkRow } from '../lib/report/recorded-benchmarks.ts';
import type { MachinePeaks } from './machine-peaks.ts';

export type { BenchmarkRow };

export interface Benchmark {
  readonly name: string;
  /** Takes under a minute, a few with their peers. `log` is for progress and diagnostics. */
  run(log: (line: string) => void, context: BenchmarkContext): Promise<readonly BenchmarkRow[]>;
}

export interface BenchmarkContext {
  readonly peaks: MachinePeaks;
  /** The Python that peers run in; absent where there is none. */
  readonly python?: string;
}

/**
 * Runs the contestants in turn, round after round, so that a disturbance of the machine meets them all; the first round
 * warms up and does not count. The medians of the rounds in milliseconds, by name.
 */
export async function measureInTurn<Name extends string>(
  contestants: Readonly<Record<Name, () => void | Promise<void>>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(contestants) as Name[];
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const start = performance.now();
      await contestants[name]();
      if (round > 0) times.get(name)!.push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name)!)])) as Record<Name, number>;
}
