/** How the contestants of a benchmark's row stand to each other. */
import { type BenchmarkRow, isOurs, meetsBound, timesBetter } from '../lib/report/recorded-benchmarks.ts';

export type Standing = 'ours ahead' | 'a peer ahead' | 'no peer';

export interface Contestant {
  readonly name: string;
  readonly figure: number;
  readonly kind: 'ours' | 'another of ours' | 'peer' | 'peer ahead' | 'physical limit';
  /** Of the row's best, the physical limit among them: how fast, or how frugal. */
  readonly share: number;
}

/** A peer that is as good as ours is not ahead. */
export function standingOf(row: BenchmarkRow): Standing {
  const peers = Object.entries(row.peers).filter(([peer]) => !isOurs(peer));
  if (peers.length === 0) return 'no peer';
  return peers.some(([, figure]) => timesBetter(row, figure) < 1) ? 'a peer ahead' : 'ours ahead';
}

/** What a row may be filtered by. */
export function traitsOf(row: BenchmarkRow): readonly string[] {
  return meetsBound(row) ? [standingOf(row)] : [standingOf(row), 'bound missed'];
}

/** Ours first, the physical limit, which is nobody's figure, last. */
export function contestantsOf(row: BenchmarkRow): readonly Contestant[] {
  const entries: Omit<Contestant, 'share'>[] = [
    { name: 'Stepwise', figure: row.ours, kind: 'ours' },
    ...Object.entries(row.peers).map(([name, figure]) => ({ name, figure, kind: kindOf(row, name, figure) })),
    ...(row.physicalLimit === undefined
      ? []
      : [{ name: 'physical limit', figure: row.physicalLimit, kind: 'physical limit' as const }]),
  ];
  // Relative to ours; infinite for a time that was rounded to 0.
  const speeds = entries.map(({ figure, kind }) => (kind === 'ours' ? 1 : 1 / timesBetter(row, figure)));
  const best = Math.max(...speeds);
  return entries.map((entry, index) => ({ ...entry, share: speeds[index] === best ? 1 : speeds[index]! / best }));
}

function kindOf(row: BenchmarkRow, name: string, figure: number): Contestant['kind'] {
  if (isOurs(name)) return 'another of ours';
  return timesBetter(row, figure) < 1 ? 'peer ahead' : 'peer';
}
