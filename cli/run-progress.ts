/** What is known of a run while it runs: made of its events, shown live, and kept for `stepwise status`. */
import { z } from 'zod';
import { type ProgressEvent, runStages } from '../lib/pipeline/events.ts';
import { thin } from './sparkline.ts';

const count = z.number().int().nonnegative();
const stageSchema = z.strictObject({
  stage: z.enum(runStages),
  state: z.enum(['waiting', 'running', 'done']),
  /** How many there are; absent where a stage is one piece of work, or nobody has counted yet. */
  items: count.optional(),
  done: count,
  reused: count,
  resumed: count,
  failed: count,
  seconds: z.number().optional(),
});

export const progressSchema = z.strictObject({
  stages: z.array(stageSchema),
  /** The curve of the item that has told the most; null where a value was not finite. */
  curve: z.strictObject({ item: z.string(), metric: z.string(), values: z.array(z.number().nullable()) }).optional(),
  /** Of the running stage. */
  secondsLeft: z.number().optional(),
});
export type RunProgress = z.infer<typeof progressSchema>;

interface RunningItem {
  readonly startedAt: number;
  share: number;
  metric: string | undefined;
  values: number[];
}

const longestCurve = 240;
/** A guess from less than this share of an item is no better than none. */
const leastShare = 0.02;

/** Times are milliseconds since the epoch. */
export class ProgressTracker {
  readonly #stages = runStages.map((stage) => ({
    stage,
    state: 'waiting' as 'waiting' | 'running' | 'done',
    items: undefined as number | undefined,
    done: 0,
    reused: 0,
    resumed: 0,
    failed: 0,
    seconds: undefined as number | undefined,
  }));
  readonly #running = new Map<string, RunningItem>();
  #finishedSeconds: number[] = [];
  #lastCurve: RunProgress['curve'];

  apply(event: ProgressEvent, now: number): void {
    if (event.kind === 'log') return;
    const stage = this.#stages.find(({ stage }) => stage === event.stage)!;
    const key = 'item' in event ? `${event.stage} ${event.item}` : '';
    switch (event.kind) {
      case 'stage-started':
        stage.state = 'running';
        stage.items = event.items;
        this.#finishedSeconds = [];
        break;
      case 'stage-finished':
        stage.state = 'done';
        stage.seconds = event.seconds;
        break;
      case 'item-started':
        this.#running.set(key, { startedAt: now, share: 0, metric: undefined, values: [] });
        break;
      case 'item-progress': {
        const item = this.#running.get(key);
        if (!item) break;
        item.share = Math.min(1, Math.max(0, event.progress.share));
        if (event.progress.metric !== undefined && event.progress.value !== undefined) {
          if (item.metric !== event.progress.metric) item.values = [];
          item.metric = event.progress.metric;
          item.values.push(event.progress.value);
          if (item.values.length > longestCurve) item.values = [...thin(item.values, longestCurve / 2)];
        }
        break;
      }
      case 'item-finished': {
        const item = this.#running.get(key);
        if (item && event.outcome !== 'reused') this.#finishedSeconds.push((now - item.startedAt) / 1000);
        this.#lastCurve = this.#findCurve() ?? this.#lastCurve;
        this.#running.delete(key);
        if (event.outcome === 'failed') stage.failed++;
        else stage.done++;
        if (event.outcome === 'reused') stage.reused++;
        if (event.outcome === 'resumed') stage.resumed++;
      }
    }
  }

  snapshot(now: number): RunProgress {
    const curve = this.#findCurve() ?? this.#lastCurve;
    const secondsLeft = this.#guessSecondsLeft(now);
    return {
      stages: this.#stages.map(({ items, seconds, ...stage }) => ({
        ...stage,
        ...(items !== undefined && { items }),
        ...(seconds !== undefined && { seconds }),
      })),
      ...(curve && { curve }),
      ...(secondsLeft !== undefined && { secondsLeft }),
    };
  }

  #findCurve(): RunProgress['curve'] {
    let longest: (RunningItem & { readonly name: string }) | undefined;
    for (const [name, item] of this.#running)
      if (item.values.length > (longest?.values.length ?? 1)) longest = { name, ...item };
    if (!longest?.metric) return undefined;
    const values = longest.values.map((value) => (Number.isFinite(value) ? value : null));
    return { item: longest.name.slice(longest.name.indexOf(' ') + 1), metric: longest.metric, values };
  }

  /** As long as the slowest item that runs, and what waits behind it at the pace so far. */
  #guessSecondsLeft(now: number): number | undefined {
    const stage = this.#stages.find(({ state }) => state === 'running');
    if (!stage) return undefined;
    const guesses = [...this.#running.values()]
      .filter(({ share }) => share >= leastShare)
      .map(({ startedAt, share }) => ((now - startedAt) / 1000) * ((1 - share) / share));
    const waiting = Math.max(0, (stage.items ?? 0) - stage.done - stage.failed - this.#running.size);
    if (guesses.length === 0 && (waiting === 0 || this.#finishedSeconds.length === 0)) return undefined;
    const pace = this.#finishedSeconds.reduce((sum, seconds) => sum + seconds, 0) / (this.#finishedSeconds.length || 1);
    return Math.max(0, ...guesses) + (waiting * pace) / Math.max(1, this.#running.size);
  }
}
