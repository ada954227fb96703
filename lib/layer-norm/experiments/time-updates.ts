/** How long an update of a training takes, by running it for a few: an artifact may not hold clock times, an evaluation may. */
import type { EvaluationContext, TrainingContext } from '../../pipeline/context.ts';

/** Trains for `updates` updates, with a context of its own. */
export type ShortTraining = (updates: number, context: TrainingContext) => Promise<void>;

/** In each round: the first is warming up, the last may end in a validation. */
const uncountedUpdates = 2;

/**
 * The median seconds of an update of each training. They take turns, round by round, so that whatever else the machine does
 * slows all of them alike; an update is what lies between two calls of `breathe`.
 */
export async function timeUpdates<Name extends string>(
  trainings: Readonly<Record<Name, ShortTraining>>,
  { rounds, updates }: { readonly rounds: number; readonly updates: number },
  context: EvaluationContext,
): Promise<ReadonlyMap<Name, number>> {
  const seconds = new Map<Name, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, train] of Object.entries(trainings) as [Name, ShortTraining][]) {
      const ends: number[] = [];
      await train(
        updates + uncountedUpdates,
        recordingContext(context, () => ends.push(performance.now())),
      );
      const intervals = ends.slice(1, -1).map((end, index) => (end - ends[index]!) / 1000);
      seconds.set(name, [...(seconds.get(name) ?? []), ...intervals]);
    }
  }
  return new Map([...seconds].map(([name, values]) => [name, medianOf(values)]));
}

/** A fresh start, whose model, metrics and checkpoints go nowhere. */
function recordingContext(context: EvaluationContext, onBreath: () => void): TrainingContext {
  const nothing = async () => {};
  return {
    backend: context.backend,
    threads: context.threads,
    checkpoint: undefined,
    checkpointDue: () => false,
    saveCheckpoint: nothing,
    startTensorFlow: () => context.startTensorFlow(),
    dataset: (name) => context.dataset(name),
    writeModel: nothing,
    writeMetrics: nothing,
    progress: () => {},
    async breathe() {
      onBreath();
      await context.breathe();
    },
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
