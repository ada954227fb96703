/** Tells when the run's stages begin and end. A stage belongs to a state of the outermost machine by what the state calls. */
import { type ProgressEvent, type RunStage, runStages } from '../pipeline/events.ts';
import type { LoweredTask } from './lowering.ts';

/** The stage that a state stands for; undefined for RecordFailure, which is none. */
export function stageOf(task: LoweredTask): RunStage | undefined {
  if (task.kind === 'job') return 'train';
  if (task.kind === 'lambda') return runStages.find((stage) => stage === task.stage);
  for (const inner of task.processor.tasks.values()) {
    const stage = stageOf(inner);
    if (stage) return stage;
  }
  return undefined;
}

export class StageProgress {
  readonly #onEvent: (event: ProgressEvent) => void;
  readonly #startedAt = new Map<RunStage, number>();

  constructor(onEvent: (event: ProgressEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** A retried state's stage has only one beginning. */
  start(stage: RunStage | undefined, items?: number): void {
    if (!stage || this.#startedAt.has(stage)) return;
    this.#startedAt.set(stage, performance.now());
    this.#onEvent({ kind: 'stage-started', stage, ...(items === undefined ? {} : { items }) });
  }

  finish(stage: RunStage | undefined): void {
    const startedAt = stage && this.#startedAt.get(stage);
    if (stage === undefined || startedAt === undefined) return;
    this.#onEvent({ kind: 'stage-finished', stage, seconds: (performance.now() - startedAt) / 1000 });
  }
}
