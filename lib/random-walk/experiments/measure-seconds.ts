/** Seconds of several ways to do something, side by side: a machine is faster at one time than at another. */
import { median } from '../../numerics/median.ts';

/** What is faster than this is done again and again for as long, since clocks are not exact and interrupts are not rare. */
const leastSeconds = 0.05;

/**
 * Medians over rounds, by name. Rounds are interleaved: every contestant once, then every contestant again. Nothing is warmed up:
 * with three rounds or more, the first, in which code is compiled, is not the median.
 *
 * @param breathe the context's
 */
export async function measureSeconds<Name extends string>(
  contestants: Readonly<Record<Name, () => void>>,
  { rounds, breathe }: { readonly rounds: number; breathe(): Promise<void> },
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(contestants) as Name[];
  const seconds = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      seconds.get(name)!.push(secondsACall(contestants[name]));
      await breathe();
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(seconds.get(name)!)])) as Record<Name, number>;
}

function secondsACall(call: () => void): number {
  const start = performance.now();
  let elapsed = 0;
  let calls = 0;
  while (elapsed < leastSeconds) {
    call();
    calls += 1;
    elapsed = (performance.now() - start) / 1000;
  }
  return elapsed / calls;
}
