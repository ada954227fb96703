import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { booksImporter } from '../../lib/datasets/books.ts';
import type { DatasetReader } from '../../lib/datasets/dataset.ts';
import { findImporter } from '../../lib/datasets/importers.ts';
import { sentenceEncoding, snapshotUpdates } from '../../lib/layer-norm/experiments/sentence-encoding.ts';
import { signOf } from '../../lib/layer-norm/experiments/sentence-encoding-curves.ts';
import {
  crossEntropyMetric,
  downstreamMeasures,
  standInMetric,
} from '../../lib/layer-norm/experiments/sentence-encoding-measures.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { datasetOf, runExperiment, trainTrial } from './run-experiment.ts';

const { presets, params: schema } = sentenceEncoding;
const smoke = { ...presets.smoke, timingRounds: 1 };

/** What the importers make where the user has no copy. */
async function standIn(name: string): Promise<DatasetReader> {
  const files: Record<string, Uint8Array> = {};
  for (const file of findImporter(name).makeStandIn!().files) {
    for await (const bytes of file.open()) files[file.name] = bytes;
  }
  return datasetOf(name, files);
}

test.each(presetNames)('the preset %s passes its own schema', (preset) => {
  const params = presets[preset];
  expect(schema.parse(params)).toEqual(params);
  const trials = sentenceEncoding.plan(params);
  const names = sentenceEncoding.evaluations(params, trials).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(trials.at(-1)!.snapshotUpdates.at(-1)).toBe(params.updates);
});

test.each([{ seeds: 0 }, { updates: 2, snapshots: 3 }, { penaltyExponents: [] }, { outerFolds: 1 }, { units: 1.5 }])(
  'refuses %j',
  (change) => {
    expect(schema.safeParse({ ...presets.laptop, ...change }).success).toBe(false);
  },
);

test('snapshots lie in equal distances and end with the training', () => {
  expect(snapshotUpdates({ updates: 10, snapshots: 4 })).toEqual([3, 5, 8, 10]);
});

test('smoke runs from plan to summary: both encoders, every measure, untrained and at each snapshot', async () => {
  const { rows } = await runExperiment(sentenceEncoding, smoke, standIn);
  const updates = [0, 3, 6];
  for (const { metric, unit } of downstreamMeasures) {
    for (const subject of ['none', 'layer']) {
      const found = rows.filter((row) => row.metric === metric && row.subject === subject);
      expect(found.map(({ step }) => step)).toEqual(updates);
      for (const { value } of found) {
        expect(Number.isFinite(value)).toBe(true);
        if (unit === '%') expect(value).toBeLessThanOrEqual(100);
      }
    }
  }
  // The sentences say their class by one word, and pairs share words in proportion to their score.
  const pearson = rows.filter((row) => row.metric === 'SICK Pearson');
  for (const { value } of pearson) expect(value).toBeGreaterThan(0.3);
  const losses = rows.filter((row) => row.metric === crossEntropyMetric);
  expect(losses).toHaveLength(2 * 7);
  // Before training every word is about as likely as another.
  const { words } = await wordsOf();
  for (const { value } of losses.filter(({ step }) => step === 0)) {
    expect(Math.abs(value - Math.log(words))).toBeLessThan(0.2);
  }
  const last = losses.filter(({ step }) => step === 6);
  for (const { value } of last) expect(value).toBeLessThan(Math.log(words));

  const summary = sentenceEncoding.summarize(rows, smoke);
  expect(summary.verdict.outcome).toBe('inconclusive');
  expect(summary.verdict.reason).toContain("sentences and sick stand in for the paper's data");
  for (const { columns, rows: cells } of summary.tables)
    for (const row of cells) expect(row).toHaveLength(columns.length);
  for (const { spec } of summary.charts) expect(() => compile(spec as never)).not.toThrow();
});

/** How many words the stand-in has, the reserved ones included. */
async function wordsOf() {
  const known = new Set<string>();
  for (const file of booksImporter.makeStandIn!().files) {
    for await (const bytes of file.open()) {
      for (const word of Buffer.from(bytes).toString().split(/\s+/)) if (word !== '') known.add(word);
    }
  }
  return { words: known.size + 2 };
}

test('a training that was killed ends with the same bits, snapshots included, which hold the encoder only', async () => {
  const [trial] = sentenceEncoding.plan({ ...smoke, updates: 5 });
  const undisturbed = await trainTrial(sentenceEncoding, trial!, standIn);
  const killed = await trainTrial(sentenceEncoding, trial!, standIn, 4);
  expect(killed).toEqual(undisturbed);
  const snapshots = Object.keys(undisturbed.tensors).filter((name) => name.startsWith('snapshot-3/'));
  expect(snapshots).toContain('snapshot-3/encoder/recurrentKernel');
  expect(snapshots.filter((name) => /next|previous|output/.test(name))).toEqual([]);
  expect(undisturbed.tensors['snapshot-5/words']).toEqual(undisturbed.tensors.words);
});

describe('the verdict', () => {
  const { updates } = presets.laptop;
  /**
   * Every measure of both encoders: untrained, and trained by a share `progress` of the way to the paper's plain one; the
   * normalized one is ahead by a share `lead` more.
   */
  const measure = (seeds: number, progress: number, lead: number | ((metric: string) => number), noise = 0.01) =>
    downstreamMeasures.flatMap(({ metric, unit, paper: [, plain] }) =>
      ['none', 'layer'].flatMap((subject, encoder) =>
        Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
          [0, updates].map((step): Measurement => {
            const ahead = typeof lead === 'number' ? lead : lead(metric);
            const untrained = metric === 'SICK mean squared error' ? 3 * plain : plain / 2;
            const share = step === 0 ? 0 : progress + encoder * (ahead + noise * Math.sin(5 * seed));
            return { metric, subject, step, seed, unit, value: untrained + share * (plain - untrained) };
          }),
        ),
      ),
    );
  const judge = (rows: readonly Measurement[]) => sentenceEncoding.summarize(rows, presets.laptop).verdict;

  test('holds where layer normalization is ahead in most measures, lower errors and higher accuracies alike', () => {
    const { outcome, reason } = judge(measure(3, 0.9, 0.1));
    expect(outcome).toBe('holds');
    expect(reason).toContain('better in SICK r, SICK ρ, SICK MSE, MR, CR, SUBJ, MPQA and worse in none');
  });

  test('does not hold where it is behind in one', () => {
    const rows = measure(3, 0.9, (metric) => (metric === 'MPQA accuracy' ? -0.1 : 0.1));
    expect(judge(rows)).toMatchObject({ outcome: 'does not hold', reason: expect.stringContaining('worse in MPQA') });
  });

  test('is inconclusive within chance', () => {
    expect(judge(measure(3, 0.9, 0.005)).outcome).toBe('inconclusive');
  });

  test('is inconclusive where encoders are nearer to untrained ones than to the paper’s', () => {
    const { outcome, reason } = judge(measure(3, 0.3, 0.1));
    expect(outcome).toBe('inconclusive');
    expect(reason).toMatch(/^Wrong scale: after .* half of the way .* in 0 of 7 measures\. After /);
  });

  test('is inconclusive with two seeds, with stand-in data, and with nothing', () => {
    expect(judge(measure(2, 0.9, 0.1)).reason).toContain('Too few seeds: 2');
    const standIn = { metric: standInMetric, subject: 'sick', step: 0, seed: 0, value: 1, unit: '1' };
    expect(judge([...measure(3, 0.9, 0.1), standIn])).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining("sick stand in for the paper's data"),
    });
    expect(judge([])).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Not measured') });
  });

  test('a difference counts at the 95 % level of Student’s t, which is wide for few seeds', () => {
    const spread = (count: number, mean: number) => ({ count, mean, standardDeviation: 1, standardError: 1 });
    expect([signOf(spread(3, 4.2)), signOf(spread(3, 4.4)), signOf(spread(3, -4.4))]).toEqual([0, 1, -1]);
    expect([signOf(spread(1, 100)), signOf(spread(30, 2.1))]).toEqual([0, 1]);
  });
});
