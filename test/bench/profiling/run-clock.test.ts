import { expect, test } from 'vitest';
import { RunClock } from '../../../bench/profiling/run-clock.ts';
import type { ProgressEvent } from '../../../lib/pipeline/events.ts';

/** The marks of events that come one microsecond after another, the first at 1. */
function marksOf(events: readonly ProgressEvent[]) {
  let now = 0;
  const clock = new RunClock(() => ++now);
  for (const event of events) clock.note(event);
  return clock.marks();
}

const started = (item: string) => ({ kind: 'item-started', stage: 'train', item }) as const;
const progress = (item: string) => ({ kind: 'item-progress', stage: 'train', item, progress: { share: 0.5 } }) as const;
const finished = (item: string) => ({ kind: 'item-finished', stage: 'train', item, outcome: 'done' }) as const;

test('a stage is from its beginning to its end', () => {
  const { stages } = marksOf([
    { kind: 'stage-started', stage: 'train', items: 0 },
    { kind: 'stage-finished', stage: 'train', seconds: 1 },
    { kind: 'stage-started', stage: 'evaluate', items: 0 },
    { kind: 'stage-finished', stage: 'evaluate', seconds: 1 },
  ]);
  expect(stages).toEqual([
    { stage: 'train', from: 1, to: 2 },
    { stage: 'evaluate', from: 3, to: 4 },
  ]);
});

test('a trial is prepared from the end of the one before to its first step', () => {
  const { preparations } = marksOf([
    { kind: 'stage-started', stage: 'train', items: 2 },
    ...[started('a'), progress('a'), progress('a'), finished('a')],
    ...[started('b'), progress('b'), finished('b')],
  ]);
  expect(preparations).toEqual([
    { from: 1, to: 3 },
    { from: 5, to: 7 },
  ]);
});

test('a trial that tells nothing on its way is no preparation', () => {
  const { preparations } = marksOf([
    { kind: 'stage-started', stage: 'train', items: 2 },
    ...[started('a'), finished('a'), started('b'), progress('b'), finished('b')],
  ]);
  expect(preparations).toEqual([{ from: 3, to: 5 }]);
});
