import { describe, expect, it } from 'vitest';
import { openLiveView, renderLiveView, renderPlainLine } from '../../cli/live-view.ts';
import { ProgressTracker, progressSchema } from '../../cli/run-progress.ts';
import { isSilent } from '../../cli/run-state.ts';
import { sparkline, thin } from '../../cli/sparkline.ts';
import { renderTextTable } from '../../cli/text-table.ts';
import type { ProgressEvent } from '../../lib/pipeline/events.ts';

const train = (item: string) => ({ stage: 'train', item }) as const;

/** Two of four trials done, one reused; a third half way after ten seconds. */
function trackHalfARun(): ProgressTracker {
  const tracker = new ProgressTracker();
  const events: readonly (readonly [number, ProgressEvent])[] = [
    [0, { kind: 'stage-started', stage: 'resolve' }],
    [0, { kind: 'stage-finished', stage: 'resolve', seconds: 0.25 }],
    [0, { kind: 'stage-started', stage: 'train', items: 4 }],
    [0, { kind: 'item-started', ...train('a') }],
    [0, { kind: 'item-finished', ...train('a'), outcome: 'reused' }],
    [0, { kind: 'item-started', ...train('b') }],
    [20_000, { kind: 'item-finished', ...train('b'), outcome: 'done' }],
    [20_000, { kind: 'item-started', ...train('c') }],
    [25_000, { kind: 'item-progress', ...train('c'), progress: { share: 0.25, metric: 'meta-loss', value: 2 } }],
    [
      26_000,
      { kind: 'item-progress', ...train('c'), progress: { share: 0.3, metric: 'meta-loss', value: Number.NaN } },
    ],
    [30_000, { kind: 'item-progress', ...train('c'), progress: { share: 0.5, metric: 'meta-loss', value: 0.4321 } }],
  ];
  for (const [at, event] of events) tracker.apply(event, at);
  return tracker;
}

describe('progress', () => {
  it('counts items, keeps the curve, and guesses the time left', () => {
    const progress = trackHalfARun().snapshot(30_000);
    expect(progress.stages[2]).toEqual({
      stage: 'train',
      state: 'running',
      items: 4,
      done: 2,
      reused: 1,
      resumed: 0,
      failed: 0,
    });
    expect(progress.curve).toEqual({ item: 'c', metric: 'meta-loss', values: [2, null, 0.4321] });
    // c needs another 10 s, and the one that waits 20 s as b did.
    expect(progress.secondsLeft).toBe(30);
    expect(progressSchema.parse(JSON.parse(JSON.stringify(progress)))).toEqual(progress);
  });

  it('counts a failed item apart and keeps the last curve', () => {
    const tracker = trackHalfARun();
    tracker.apply({ kind: 'item-finished', ...train('c'), outcome: 'failed' }, 31_000);
    const progress = tracker.snapshot(31_000);
    expect(progress.stages[2]).toMatchObject({ done: 2, failed: 1 });
    expect(progress.curve?.item).toBe('c');
  });

  it('is a line a stage, no wider than the terminal', () => {
    const lines = renderLiveView(trackHalfARun().snapshot(30_000), 100);
    expect(lines.slice(0, 4)).toEqual([
      '✓ resolve   0.3 s',
      '  plan      nothing to do',
      '▸ train     2/4 (1 reused)   █ ▁ meta-loss 0.432   about 30 s left',
      '  evaluate',
    ]);
    for (const line of renderLiveView(trackHalfARun().snapshot(30_000), 30)) expect([...line].length).toBeLessThan(30);
    expect(renderPlainLine(trackHalfARun().snapshot(30_000))).toBe(
      'train 2/4 (1 reused), meta-loss 0.432, about 30 s left',
    );
  });
});

describe('the live view', () => {
  const record = (isInteractive: boolean) => {
    const written: string[] = [];
    const note = (text: string) => void written.push(text);
    return { written, terminal: { print: note, tell: note, draw: note, isInteractive, columns: 80 } };
  };

  it('redraws over itself in a terminal', () => {
    const { written, terminal } = record(true);
    let clock = 0;
    const view = openLiveView(terminal, () => clock);
    const progress = trackHalfARun().snapshot(30_000);
    view.update(progress);
    clock = 50;
    view.update(progress);
    clock = 300;
    view.update(progress);
    expect(written).toHaveLength(2);
    expect(written[0]!.startsWith('\r\u001b[2K✓ resolve')).toBe(true);
    expect(written[1]!.startsWith('\u001b[6A\r\u001b[2K')).toBe(true);
  });

  it('elsewhere is a plain line every few seconds, without a control character', () => {
    const { written, terminal } = record(false);
    let clock = 0;
    const tracker = trackHalfARun();
    const view = openLiveView(terminal, () => clock);
    for (; clock < 10_000; clock += 100) view.update(tracker.snapshot(30_000 + clock));
    expect(written).toHaveLength(3);
    expect(written.join('')).not.toContain('\u001b');
  });
});

it('a sparkline goes from its least to its greatest value', () => {
  expect(sparkline([1, 2, Number.NaN, 8], 10)).toBe('▁▂ █');
  expect(sparkline([3, 3], 10)).toBe('▄▄');
  expect(sparkline([], 10)).toBe('');
  expect(thin([1, 3, 5, 7], 2)).toEqual([2, 6]);
  expect([
    ...sparkline(
      Array.from({ length: 1000 }, (_, index) => index),
      8,
    ),
  ]).toHaveLength(8);
});

it('a text table aligns numbers right and lets nothing steer the terminal', () => {
  expect(
    renderTextTable(
      [{ label: 'name' }, { label: 'loss', number: true }],
      [
        ['a\u001b[31m', '1.5'],
        ['long name', '10'],
      ],
    ),
  ).toBe(['name       loss', '─────────  ────', 'a [31m      1.5', 'long name    10'].join('\n'));
});

it('a run that has been silent for long is dead, one on AWS never', () => {
  const state = {
    formatVersion: 1,
    run: 'r',
    engine: 'local',
    status: 'running',
    updatedAt: '2026-11-24T08:00:00.000Z',
  } as const;
  const later = (seconds: number) => Date.parse(state.updatedAt) + seconds * 1000;
  expect([
    isSilent(state, later(20)),
    isSilent(state, later(40)),
    isSilent({ ...state, engine: 'aws' }, later(40)),
  ]).toEqual([false, true, false]);
});
