import { describe, expect, test } from 'vitest';
import { changedSources } from '../../../lib/pipeline/regressions/code-sources.ts';
import {
  describeCauses,
  describeChanges,
  summarizeRegression,
} from '../../../lib/pipeline/regressions/describe-regression.ts';
import {
  causesOf,
  compareRuns,
  hasSameParams,
  regressionReportSchema,
} from '../../../lib/pipeline/regressions/regression.ts';
import {
  listRegressions,
  readRegression,
  writeRegression,
} from '../../../lib/pipeline/regressions/regression-records.ts';
import { MemoryObjectStore } from '../../../lib/storage/memory-object-store.ts';
import { compared, finishedDocument, losses, runCode } from '../finished-run.ts';

const before = finishedDocument('before');
const now = finishedDocument('now');
const noCauses = { code: { modules: [] }, datasets: [], params: [] };
const verdict = (outcome: 'holds' | 'does not hold') => ({
  outcome,
  claim: 'Counting to n gives n.',
  reason: 'it does',
});

describe('what changed in the result', () => {
  test('nothing', () => {
    const report = compareRuns(compared(before), compared(now));
    expect(report).toEqual({
      ...{ formatVersion: 1, experiment: 'test/counting', preset: 'smoke', run: 'now', finishedAt: now.finishedAt },
      previous: { run: 'before', finishedAt: before.finishedAt },
      outcome: 'unchanged',
      verdict: { before: 'holds', now: 'holds', flipped: false },
      ...{ changes: [], lost: [], gained: [], causes: noCauses },
    });
    expect(regressionReportSchema.parse(report)).toEqual(report);
    expect(summarizeRegression(report)).toBe('the same');
  });

  test('a number: old, new, and whether by more than the seeds of both spread', () => {
    // Seeds at ±0.05 of the mean have a standard error of 0.05; two of those make 0.05 × √2.
    const moved = (by: number) =>
      compareRuns(
        compared(before),
        compared(
          finishedDocument('now', { measurements: losses(['lstm', 100, 0, 0.25 + by], ['lstm', 100, 1, 0.35 + by]) }),
        ),
      );
    const report = moved(0.25);
    expect(report).toMatchObject({ outcome: 'changed', verdict: { flipped: false } });
    expect(report.changes).toEqual([
      {
        ...{
          metric: 'loss',
          subject: 'lstm',
          step: 100,
          before: expect.closeTo(0.3, 12),
          now: expect.closeTo(0.55, 12),
        },
        ...{ spread: expect.closeTo(0.05 * Math.SQRT2, 12), exceedsSpread: true },
      },
    ]);
    expect(describeChanges(report)).toEqual([
      'loss of lstm at step 100: 0.30000 → 0.550 ± 0.071 (more than the spread)',
    ]);
    expect(summarizeRegression(report)).toBe('1 number changed');
    expect(moved(0.05).changes[0]!.exceedsSpread).toBe(false);
    expect(describeChanges(moved(0.05))[0]).toMatch(/\(within the spread\)$/);
  });

  test('a number of one seed has no spread to judge by', () => {
    const one = (value: number) => compared(finishedDocument('run', { measurements: losses(['adam', 0, 0, value]) }));
    const report = compareRuns(one(1), one(2));
    expect(report.changes).toMatchObject([{ before: 1, now: 2, spread: null, exceedsSpread: null }]);
    expect(describeChanges(report)).toEqual(['loss of adam: 1 → 2 (one seed, no spread)']);
  });

  test('the verdict, also where no number did', () => {
    const report = compareRuns(compared(before), compared({ ...now, verdict: verdict('does not hold') }));
    expect(report).toMatchObject({
      outcome: 'verdict flipped',
      verdict: { before: 'holds', now: 'does not hold', flipped: true },
      changes: [],
    });
    expect(summarizeRegression(report)).toBe('verdict flipped: holds → does not hold');
    const back = compareRuns(compared({ ...before, verdict: verdict('does not hold') }), compared(now));
    expect(summarizeRegression(back)).toBe('verdict flipped: does not hold → holds');
  });

  test('numbers that are there no more, or are new', () => {
    const earlier = finishedDocument('before', {
      measurements: losses(
        ['diverges', 5, 0, 1],
        ['recovers', 5, 0, null],
        ['gone', 3, 0, 1],
        ['gone', 7, 0, 1],
        ['nan', 1, 0, null],
      ),
    });
    const later = finishedDocument('now', {
      measurements: losses(['diverges', 5, 0, null], ['recovers', 5, 0, 2], ['fresh', 9, 0, 1], ['nan', 1, 0, null]),
    });
    const report = compareRuns(compared(earlier), compared(later));
    expect(report).toMatchObject({
      outcome: 'changed',
      changes: [],
      lost: [
        { metric: 'loss', subject: 'diverges', step: 5, reason: 'not finite' },
        { metric: 'loss', subject: 'gone', step: 7, reason: 'not measured' },
      ],
      gained: [
        { metric: 'loss', subject: 'recovers', step: 5, reason: 'now finite' },
        { metric: 'loss', subject: 'fresh', step: 9, reason: 'newly measured' },
      ],
    });
    expect(summarizeRegression(report)).toBe('2 lost, 2 new');
    expect(describeChanges(report)).toEqual([
      'loss of diverges at step 5: not finite any more',
      'loss of gone at step 7: not measured any more',
      'loss of recovers at step 5: now finite',
      'loss of fresh at step 9: newly measured',
    ]);
  });

  test('seconds are no change: they are others each time', () => {
    const timed = (value: number, others: readonly number[] = []) =>
      compared(
        finishedDocument('run', {
          measurements: [
            ...before.measurements,
            ...[value, ...others].map((seconds, seed) => ({
              ...{ metric: 'seconds an update', subject: 'lstm', step: 0, seed, value: seconds, unit: 's' },
            })),
          ],
        }),
      );
    expect(compareRuns(timed(0.1), timed(0.3))).toMatchObject({ outcome: 'unchanged', changes: [] });
    expect(compareRuns(timed(0.1), compared(now))).toMatchObject({ outcome: 'unchanged', lost: [] });
    const slower = timed(0.3);
    const flipped = { ...slower, document: { ...slower.document, verdict: verdict('does not hold') } };
    expect(compareRuns(timed(0.1), flipped).outcome).toBe('verdict flipped');
  });

  test('is told in nine lines at most', () => {
    const many = (shift: number) =>
      losses(...Array.from({ length: 30 }, (_, index) => [`s${index}`, 0, 0, 1 + index + shift] as const));
    const report = compareRuns(
      compared(finishedDocument('before', { measurements: many(0) })),
      compared(finishedDocument('now', { measurements: many(1) })),
    );
    expect(report.changes).toHaveLength(30);
    // Largest relative change first.
    expect(report.changes[0]!.subject).toBe('s0');
    const lines = describeChanges(report);
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toBe('and 22 more');
  });

  test('is said of finished runs only', () => {
    const { verdict: _, ...running } = now;
    expect(() => compareRuns(compared(before), compared(running))).toThrow(
      /Only finished runs can be compared: before, now/,
    );
  });
});

describe('what was changed in between', () => {
  test('modules of the training code, by name', () => {
    const earlier = compared(
      { ...before, provenance: { ...before.provenance, code: 'aaaa' } },
      runCode({ 'lib/a.ts': '1', 'lib/b.ts': '1' }),
    );
    const later = compared(
      { ...now, provenance: { ...now.provenance, code: 'bbbb' } },
      runCode({ 'lib/a.ts': '2', 'lib/c.ts': '1' }),
    );
    const causes = causesOf(earlier, later);
    expect(causes).toEqual({
      ...noCauses,
      code: {
        training: { before: 'aaaa', now: 'bbbb' },
        evaluation: { before: '1-1', now: '2-1' },
        modules: [
          { name: 'lib/a.ts', change: 'changed', training: true },
          { name: 'lib/b.ts', change: 'removed', training: true },
          { name: 'lib/c.ts', change: 'added', training: true },
        ],
      },
    });
    expect(describeCauses(causes)).toEqual([
      'training code aaaa → bbbb, evaluation code 1-1 → 2-1: lib/a.ts changed, lib/b.ts removed, lib/c.ts added',
    ]);
  });

  test('modules that only the evaluation imports, and packages', () => {
    const [earlier, later] = [
      runCode({ 'lib/a.ts': '1' }, { 'lib/a.ts': '1', 'lib/e.ts': '1' }),
      runCode({ 'lib/a.ts': '1' }, { 'lib/a.ts': '1', 'lib/e.ts': '2' }),
    ];
    expect(causesOf(compared(before, earlier), compared(now, later)).code).toEqual({
      evaluation: { before: '1-1', now: '1-2' },
      modules: [{ name: 'lib/e.ts', change: 'changed', training: false }],
    });
    const upgraded = { ...earlier, training: { ...earlier.training, packages: { zod: '4.1.0' } } };
    expect(changedSources(earlier, upgraded)).toEqual([{ name: 'zod', change: 'changed', training: true }]);
  });

  test('the digest alone where a run of an older version left no list of modules', () => {
    const later = compared({ ...now, provenance: { ...now.provenance, code: 'bbbb' } }, runCode({ 'lib/a.ts': '2' }));
    const causes = causesOf(compared(before), later);
    expect(causes.code).toEqual({ training: { before: 'aaaa', now: 'bbbb' }, modules: [] });
    expect(describeCauses(causes)).toEqual(['training code aaaa → bbbb']);
  });

  test('datasets, backend and parameters', () => {
    const later = finishedDocument('now', {
      datasets: [
        { name: 'mnist', version: 'fedcba9876543210', origin: 'stand-in' },
        { name: 'iam', version: '00000000000000ff', origin: 'paper' },
      ],
      provenance: { ...now.provenance, backend: 'node-gpu' },
      params: { seeds: 2, steps: 10, fresh: [1] },
    });
    const causes = causesOf(compared(before), compared(later));
    expect(causes).toEqual({
      code: { modules: [] },
      datasets: [
        { name: 'iam', before: null, now: '00000000000000ff' },
        { name: 'mnist', before: '0123456789abcdef', now: 'fedcba9876543210' },
      ],
      backend: { before: 'wasm-relaxed', now: 'node-gpu' },
      params: [{ name: 'fresh', before: null, now: '[1]' }],
    });
    expect(describeCauses(causes)).toEqual([
      'dataset iam none → 00000000000000ff',
      'dataset mnist 0123456789abcdef → fedcba9876543210',
      'backend wasm-relaxed → node-gpu',
      'parameter fresh none → [1]',
    ]);
  });

  test('a parameter that only one version knows is no other question; another value is', () => {
    const withParams = (params: Record<string, number>) => finishedDocument('x', { params });
    expect(hasSameParams(withParams({ seeds: 2 }), withParams({ seeds: 2, fresh: 1 }))).toBe(true);
    expect(hasSameParams(withParams({ seeds: 2, old: 1 }), withParams({ seeds: 2 }))).toBe(true);
    expect(hasSameParams(withParams({ seeds: 2 }), withParams({ seeds: 3 }))).toBe(false);
  });
});

test('reports are kept by experiment, and listed newest first', async () => {
  const store = new MemoryObjectStore();
  const report = (run: string, experiment: string) => ({
    ...compareRuns(compared(before), compared({ ...now, run })),
    experiment,
  });
  const [old, other, recent] = [
    report('20261101-a', 'test/a'),
    report('20261102-b', 'test/b'),
    report('20261103-a', 'test/a'),
  ];
  for (const one of [recent, old, other]) await writeRegression(store, one);
  expect(await readRegression(store, 'test/a', '20261101-a')).toEqual(old);
  expect(await readRegression(store, 'test/a', '20261102-b')).toBeUndefined();
  expect(await listRegressions(store, { limit: 2 })).toEqual([recent, other]);
  expect(await listRegressions(store, { experiment: 'test/a', limit: 9 })).toEqual([recent, old]);
});
