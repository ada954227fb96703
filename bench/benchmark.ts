/** Benchmarks: what one is, and how contestants are timed side by side. */
import { median } from '../lib/numerics/median.ts';
import type { MachinePeaks } from './machine-peaks.ts';

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

/** How many times better ours is than the other: more of a rate, less of anything else. */
export function timesBetter({ unit, ours }: Pick<BenchmarkRow, 'unit' | 'ours'>, other: number): number {
  return isRate(unit) ? ours / other : other / ours;
}

export function isRate(unit: string): boolean {
  return unit.endsWith('/s');
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
