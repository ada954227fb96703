import { describe, expect, it } from 'vitest';
import type { ResultIndexEntry } from '../../lib/pipeline/result-index.ts';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';
import { headlineHistories, verdictFlips } from '../../web/history.ts';

const entry = (run: string, outcome: ResultIndexEntry['outcome'], preset: ResultIndexEntry['preset'] = 'smoke') => ({
  run,
  experiment: 'a/b',
  preset,
  outcome,
  finishedAt: `2026-01-0${run}T00:00:00.000Z`,
});

describe('verdictFlips', () => {
  it('marks what was lost, won back, and otherwise changed, in time whatever the order', () => {
    const entries = [
      entry('4', 'does not hold'),
      entry('1', 'holds'),
      entry('2', 'inconclusive'),
      entry('3', 'holds'),
      entry('5', 'inconclusive'),
      entry('6', 'inconclusive'),
    ];
    expect([...verdictFlips(entries)]).toEqual([
      ['2', 'regressed'],
      ['3', 'recovered'],
      ['4', 'regressed'],
      ['5', 'changed'],
    ]);
  });

  it('compares no preset with another', () => {
    expect(verdictFlips([entry('1', 'holds'), entry('2', 'does not hold', 'laptop')]).size).toBe(0);
  });
});

describe('headlineHistories', () => {
  it('takes the last step of each subject, mean over seeds, and leaves a gap where a run has none', () => {
    const measurement = (subject: string, step: number, seed: number, value: number) => ({
      metric: 'loss',
      subject,
      step,
      seed,
      value,
      unit: 'nats',
    });
    const document = (run: string, measurements: readonly unknown[]) =>
      ({ run, finishedAt: `2026-01-0${run}`, measurements }) as unknown as RunDocument;
    const histories = headlineHistories([
      document('2', [measurement('adam', 0, 0, 9), measurement('adam', 5, 0, 1), measurement('adam', 5, 1, 3)]),
      document('1', [measurement('adam', 5, 0, 4), measurement('sgd', 5, 0, 7)]),
    ]);
    expect(histories).toEqual([
      {
        metric: 'loss',
        unit: 'nats',
        runs: ['1', '2'],
        subjects: [
          { subject: 'adam', values: [4, 2] },
          { subject: 'sgd', values: [7, null] },
        ],
      },
    ]);
  });
});
