/** When a run's stages, and the preparations of its trials, began and ended. One trial is trained at a time. */
import type { ProgressEvent } from '../../lib/pipeline/events.ts';
import type { Span } from './cpu-profile.ts';
import type { RunMarks, StageMark } from './profiled-process.ts';

export class RunClock {
  readonly #now: () => number;
  readonly #stages: StageMark[] = [];
  readonly #preparations: Span[] = [];
  /** Since when the next trial is prepared; undefined while one is trained. */
  #preparedSince: number | undefined;

  /** `now`: microseconds of the profiles' clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  note(event: ProgressEvent): void {
    if (event.kind === 'log') return;
    const now = this.#now();
    if (event.kind === 'stage-started')
      this.#stages.push({ stage: event.stage, from: now, to: Number.MAX_SAFE_INTEGER });
    if (event.kind === 'stage-finished') {
      const begun = this.#stages.findIndex(({ stage }) => stage === event.stage);
      this.#stages[begun] = { ...this.#stages[begun]!, to: now };
    }
    if (event.stage !== 'train') return;
    if (event.kind === 'stage-started' || event.kind === 'item-finished') this.#preparedSince = now;
    // A trial that tells nothing on its way is no preparation.
    if (event.kind === 'item-progress' && this.#preparedSince !== undefined) {
      this.#preparations.push({ from: this.#preparedSince, to: now });
      this.#preparedSince = undefined;
    }
  }

  marks(): RunMarks {
    return { stages: this.#stages, preparations: this.#preparations };
  }
}
