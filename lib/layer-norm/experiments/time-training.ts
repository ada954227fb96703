/** How long an update takes, all that the trainer does in it, by training for a few: an artifact may not hold clock times. */
import { median } from '../../numerics/median.ts';
import type { EvaluationContext, TrainingContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { updateTimeMetric } from './learning-curves.ts';

/** Trains from the start for so many updates. */
export type ShortTraining = (updates: number, context: TrainingContext) => Promise<void>;

/** Of each round the first is warming up, and the last may end in a validation. */
const uncountedUpdates = 2;

/**
 * The median seconds of an update of each subject's training. They take turns, round by round, so that whatever else the
 * machine does slows all of them alike; an update is what lies between two calls of `breathe`.
 */
export async function timeTraining(
  trainings: Readonly<Record<string, ShortTraining>>,
  { rounds, updates }: { readonly rounds: number; readonly updates: number },
  context: EvaluationContext,
): Promise<Measurement[]> {
  const seconds = new Map(Object.keys(trainings).map((subject) => [subject, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [subject, train] of Object.entries(trainings)) {
      const ends: number[] = [];
      await train(
        updates + uncountedUpdates,
        recordingContext(context, () => ends.push(performance.now())),
      );
      for (let update = 1; update <= updates; update++) {
        seconds.get(subject)!.push((ends[update]! - ends[update - 1]!) / 1000);
      }
    }
  }
  return [...seconds].map(([subject, all]) => ({
    metric: updateTimeMetric,
    subject,
    step: 0,
    seed: 0,
    value: median(all),
    unit: 's',
  }));
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
