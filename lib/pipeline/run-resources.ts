/** What training and evaluation both need of a run. */
import type { ResolvedRun } from './records.ts';

/** The version that Resolve pinned. */
export function pinnedVersion(resolved: ResolvedRun, name: string): string {
  const pinned = resolved.datasets.find((dataset) => dataset.name === name);
  if (!pinned)
    throw new Error(`${resolved.experiment} reads the dataset '${name}', which it does not list in its 'datasets'.`);
  return pinned.version;
}

/** Lets signals, messages and timers of the process have their turn. */
export function breathe(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

/** The value under a name, made at the first asking. */
export function remember<T>(known: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const value = known.get(name) ?? make();
  known.set(name, value);
  return value;
}
