/** Keeps `state.json` of a run that goes on here: once a second while something happens, and every few seconds as a sign of life. */
import type { ObjectStore } from '../lib/storage/object-store.ts';
import type { ProgressTracker } from './run-progress.ts';
import { type RunState, writeRunState } from './run-state.ts';

const tickMilliseconds = 1_000;
const ticksOfSilence = 5;

export interface StateKeeper {
  /** Something happened that is worth writing down. */
  touch(): void;
  finish(status: RunState['status']): Promise<void>;
}

/** Has written the first state when it resolves: from then on a run that is killed can be resumed. */
export async function keepState(
  store: ObjectStore,
  about: Pick<RunState, 'run' | 'engine' | 'backend' | 'threads'>,
  tracker: ProgressTracker,
): Promise<StateKeeper> {
  const write = (status: RunState['status']) => {
    const now = Date.now();
    const updatedAt = new Date(now).toISOString();
    return writeRunState(store, { formatVersion: 1, ...about, status, updatedAt, progress: tracker.snapshot(now) });
  };
  await write('running');
  let touched = false;
  let ticks = 0;
  let writing: Promise<void> | undefined;
  const timer = setInterval(() => {
    ticks++;
    if (writing || (!touched && ticks < ticksOfSilence)) return;
    touched = false;
    ticks = 0;
    // A state that cannot be written is a pity; if the disk is full, the work itself will say so.
    writing = write('running')
      .catch(() => {})
      .finally(() => {
        writing = undefined;
      });
  }, tickMilliseconds);
  return {
    touch: () => {
      touched = true;
    },
    async finish(status) {
      clearInterval(timer);
      await writing;
      await write(status).catch(() => {});
    },
  };
}
