import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { ClozePacker, readClozeQuestions } from '../../lib/datasets/cloze-questions.ts';
import { cnnQuestionsImporter } from '../../lib/datasets/cnn-questions.ts';
import type { CheckedFile } from '../../lib/datasets/importer.ts';
import { guessEntities } from '../../lib/layer-norm/experiments/guess-entities.ts';
import { updateTimeMetric } from '../../lib/layer-norm/experiments/learning-curves.ts';
import { questionAnswering } from '../../lib/layer-norm/experiments/question-answering.ts';
import {
  errorMetric,
  guessMetric,
  lowestMetric,
  populationMetric,
  readers,
  standInMetric,
  testMetric,
} from '../../lib/layer-norm/experiments/reader-metrics.ts';
import {
  cutPassage,
  cutQuestion,
  drawPermutation,
  encodeMinibatch,
  selectQuestions,
} from '../../lib/layer-norm/models/reader-minibatch.ts';
import { drawMinibatch, evaluationMinibatches } from '../../lib/layer-norm/training/question-answering.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { datasetOf, runExperiment, trainTrial } from './run-experiment.ts';

async function readerOf(files: readonly CheckedFile[]) {
  const contents: Record<string, Uint8Array> = {};
  for (const { name, open } of files) for await (const bytes of open()) contents[name] = bytes;
  return datasetOf('cnn-questions', contents);
}
const made = readerOf(cnnQuestionsImporter.makeStandIn!().files);
const { smoke, laptop, paper } = questionAnswering.presets;

describe('minibatches', () => {
  const limits = { passageTokens: 5, questionTokens: 3, words: 5, entities: 4 };
  const questions = async () => {
    const packer = new ClozePacker();
    const words = (text: string) => text.split(' ');
    packer.add('training', {
      passage: words('@entity3 a a a a a @entity1'),
      question: words('a a @placeholder b @entity3'),
      answer: '@entity1',
    });
    packer.add('training', { passage: words('b @entity0'), question: words('@placeholder b'), answer: '@entity0' });
    packer.add('training', {
      passage: words('@entity2 b b b b b @entity1'),
      question: words('@placeholder'),
      answer: '@entity2',
    });
    packer.add('training', { passage: words('@entity3 b'), question: words('@placeholder'), answer: '@entity1' });
    return readClozeQuestions(await readerOf(packer.files()), 'training');
  };
  // <unknown> 0, @placeholder 1, then b, which is more frequent, 2 and a 3.

  test('cut passages at their beginning and questions around the placeholder', () => {
    expect([...cutPassage(Int32Array.of(1, 2, 3, 4, 5, 6), limits)]).toEqual([2, 3, 4, 5, 6]);
    expect([...cutQuestion(Int32Array.of(5, 6, 1, 7, 8), limits)]).toEqual([6, 1, 7]);
    expect([...cutQuestion(Int32Array.of(1, 6, 7, 8), limits)]).toEqual([1, 6, 7]);
    expect([...cutQuestion(Int32Array.of(5, 6, 7, 1), limits)]).toEqual([6, 7, 1]);
  });

  test('leave out questions whose answer was cut off, not those that never had it', async () => {
    expect([...selectQuestions(await questions(), limits)]).toEqual([0, 1, 3]);
    expect([...selectQuestions(await questions(), { ...limits, passageTokens: 7 })]).toEqual([0, 1, 2, 3]);
  });

  test('permute entities consistently, pad with repetitions, and count words after entities', async () => {
    const permutation = Int32Array.of(2, 0, 3, 1);
    const { passage, question, answers } = encodeMinibatch(await questions(), Int32Array.of(0, 1), permutation, {
      ...limits,
      words: 3,
    });
    const column = ({ ids, time }: typeof passage, example: number) =>
      Array.from({ length: time }, (_, step) => ids[2 * step + example]);
    // The word a is beyond the third, and unknown: 4 + 0.
    expect(column(passage, 0)).toEqual([4, 4, 4, 4, 0]);
    expect(column(passage, 1)).toEqual([6, 2, 6, 2, 6]);
    expect(column(question, 0)).toEqual([4, 5, 6]);
    expect(column(question, 1)).toEqual([5, 6, 5]);
    expect([...passage.mask]).toEqual([1, 1, 1, 1, 1, 0, 1, 0, 1, 0]);
    expect([...question.mask]).toEqual([1, 1, 1, 1, 1, 0]);
    expect([...answers]).toEqual([0, 2]);
  });

  test('are a function of seed and update alone, and every entity is as likely to be an answer', async () => {
    const material = { questions: await questions(), indices: Int32Array.of(0, 1), limits };
    expect(drawMinibatch(material, 6, 1, 7)).toEqual(drawMinibatch(material, 6, 1, 7));
    expect(drawMinibatch(material, 6, 1, 7)).not.toEqual(drawMinibatch(material, 6, 1, 8));
    const counts = new Array(4).fill(0);
    for (let update = 0; update < 800; update++) {
      for (const answer of new Set(drawMinibatch(material, 1, 0, update).answers)) counts[answer] += 1;
    }
    // 200 each, with a standard deviation of 12.
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(50);
    expect([...drawPermutation(randomStream(0, 'x'), 4)].sort()).toEqual([0, 1, 2, 3]);
  });

  test('of an evaluation have every question once', async () => {
    const all = await questions();
    const material = { questions: all, indices: Int32Array.of(0, 1, 2, 3), limits: { ...limits, passageTokens: 7 } };
    const minibatches = evaluationMinibatches(material, 3, 100);
    expect(minibatches.map(({ size }) => size)).toEqual([3, 1]);
    expect(evaluationMinibatches(material, 3, 2).map(({ size }) => size)).toEqual([2]);
    const lengths = minibatches.flatMap(({ size, passage }) =>
      Array.from({ length: size }, (_, example) => {
        let length = 0;
        for (let step = 0; step < passage.time; step++) length += passage.mask[step * size + example]!;
        return length;
      }),
    );
    expect(lengths.sort()).toEqual([2, 2, 7, 7]);
  });

  test('guesses count entities of the passage', async () => {
    const packer = new ClozePacker();
    const add = (passage: string, question: string, answer: string) =>
      packer.add('validation', { passage: passage.split(' '), question: question.split(' '), answer });
    add('@entity0 @entity1 @entity1', '@placeholder saw @entity1', '@entity0'); // only the exclusive guess is right
    add('@entity2 @entity2 @entity3', '@placeholder', '@entity2'); // both are
    const validation = await readClozeQuestions(await readerOf(packer.files()), 'validation');
    expect(guessEntities(validation, Int32Array.of(0, 1), limits)).toEqual({
      chance: 0.5,
      maximumFrequency: 0.5,
      exclusiveFrequency: 0,
    });
  });
});

describe('the experiment', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    const params = questionAnswering.presets[preset];
    expect(questionAnswering.params.parse(params)).toEqual(params);
    const trials = questionAnswering.plan(params);
    expect(new Set(trials.map(({ name }) => name)).size).toBe(readers.length * params.seeds);
    const { trainingCoreSeconds, evaluationCoreSeconds } = questionAnswering.work(params);
    expect(trainingCoreSeconds).toBeGreaterThan(evaluationCoreSeconds / 100);
  });

  test.each([{ dropout: 1 }, { units: 0 }, { validationIntervalUpdates: 1000 }, { learningrate: 0.1 }, { seeds: 0 }])(
    'refuses %s',
    (change) => {
      expect(questionAnswering.params.safeParse({ ...laptop, ...change }).success).toBe(false);
    },
  );

  test('smoke runs from plan to summary', async () => {
    const { rows } = await runExperiment(questionAnswering, smoke, () => made);
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
    for (const { subject, normalization } of readers) {
      const of = (metric: string) => rows.filter((row) => row.subject === subject && row.metric === metric);
      expect(of(errorMetric).map(({ step }) => step)).toEqual([0, 2, 4]);
      expect(of(testMetric)).toHaveLength(1);
      expect(of(populationMetric)).toHaveLength(normalization.kind === 'batch' ? 1 : 0);
      expect(of(updateTimeMetric)[0]!.value).toBeGreaterThan(0);
    }
    const chance = rows.find(({ metric, subject }) => metric === guessMetric && subject === 'chance')!;
    // Twelve tokens have the last two sentences, of an entity each.
    expect(chance.value).toBe(0.5);

    const { verdict, tables, charts, remarks } = questionAnswering.summarize(rows, smoke);
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.reason).toContain('Stand-in data');
    expect(remarks).toEqual([expect.stringContaining('training, validation and test')]);
    expect(tables).toHaveLength(2);
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
  });

  test('a training that is killed goes on to the same bits', async () => {
    const trial = questionAnswering.plan(smoke).find(({ name }) => name.startsWith('bn-everywhere'))!;
    const whole = await trainTrial(questionAnswering, trial, () => made);
    expect(await trainTrial(questionAnswering, trial, () => made, 3)).toEqual(whole);
  });

  test('learns to answer what is made so that reading answers it', async () => {
    const params = {
      ...smoke,
      updates: 40,
      batchSize: 16,
      embeddingSize: 16,
      units: 16,
      passageTokens: 10,
      questionTokens: 8,
    };
    const trial = questionAnswering
      .plan({ ...params, learningRate: 0.03, dropout: 0, validationIntervalUpdates: 20, validationQuestions: 40 })
      .find(({ name }) => name === 'ln-lstm/seed-0')!;
    const { metrics } = await trainTrial(questionAnswering, trial, () => made);
    // From guessing one of six entities to one of the passage's.
    expect(Math.min(...metrics.map(({ error }) => Number(error)))).toBeLessThan(0.6);
    expect(Number(metrics.at(-1)!.negativeLogLikelihood)).toBeLessThan(Number(metrics[0]!.negativeLogLikelihood) - 0.2);
  });
});

describe('the verdict', () => {
  /** Curves that fall to `level` at update `reached` and stay there, over seeds. */
  const curves = (levels: Record<string, readonly [level: number, reached: number]>, seeds: number): Measurement[] =>
    Object.entries(levels).flatMap(([subject, [level, reached]]) =>
      Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) => {
        const noise = 0.002 * Math.sin(7 * seed + subject.length);
        const row = (metric: string, step: number, value: number) => ({
          metric,
          subject,
          step,
          seed,
          value,
          unit: 'share',
        });
        return [
          ...[0, 1000, 2000, 3000].map((step) => row(errorMetric, step, (step < reached ? 0.9 : level) + noise)),
          row(lowestMetric, 0, level + noise),
        ];
      }),
    );
  const paperLike = { lstm: [0.503, 3000], 'bn-lstm': [0.495, 2000], 'bn-everywhere': [0.5, 2000] } as const;
  const judge = (rows: readonly Measurement[], params = paper) => questionAnswering.summarize(rows, params).verdict;

  test('holds below all of them and before all of them', () => {
    const levels = { ...paperLike, 'ln-lstm': [0.47, 1000], 'ln-lstm-gain-0.1': [0.49, 2000] } as const;
    const { outcome, reason } = judge(curves(levels, 3));
    expect(outcome).toBe('holds');
    expect(reason).toMatch(/LN-LSTM: 47\.\d ± 0\.\d % \(mean ± standard error of 3 seeds\)/);
    expect(reason).toMatch(
      /Below BN-LSTM \(49\.\d ± 0\.\d %\), paired difference -2\.\d ± 0\.\d points, .* 50 % of the updates/,
    );
    expect(reason).toContain('Gains that start at 1.0 are better than those that start at 0.1');
  });

  test('does not hold above one of them, or not before', () => {
    const above = judge(curves({ ...paperLike, 'ln-lstm': [0.497, 1000] }, 3));
    expect(above.outcome).toBe('does not hold');
    expect(above.reason).toMatch(/Not below BN-LSTM .* does not reach/);
    expect(judge(curves({ ...paperLike, 'ln-lstm': [0.47, 3000] }, 3)).outcome).toBe('does not hold');
  });

  test('does not hold where the difference drowns in its own spread', () => {
    const rows = curves({ ...paperLike, 'ln-lstm': [0.49, 1000] }, 3).map((row) =>
      row.subject === 'ln-lstm' && row.metric === lowestMetric
        ? { ...row, value: row.value + 0.02 * (row.seed - 1) }
        : row,
    );
    expect(judge(rows).outcome).toBe('does not hold');
  });

  test('is inconclusive with two seeds, stand-in data, small readers or without a baseline, and says so', () => {
    const good = { ...paperLike, 'ln-lstm': [0.47, 1000] } as const;
    expect(judge(curves(good, 2)).reason).toContain('Too few seeds: 2');
    const standIn = { metric: standInMetric, subject: 'validation', step: 0, seed: 0, value: 1, unit: '1' };
    expect(judge([...curves(good, 3), standIn])).toMatchObject({ outcome: 'inconclusive' });
    expect(judge(curves(good, 3), laptop).reason).toContain('Wrong scale: 64 units');
    const { lstm: _, ...rest } = good;
    expect(judge(curves(rest, 3))).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('Not measured: LSTM'),
    });
    expect(judge([])).toMatchObject({ outcome: 'inconclusive' });
  });

  test('a baseline that never learned is called that', () => {
    const { outcome, reason } = judge(curves({ ...paperLike, lstm: [0.9, 0], 'ln-lstm': [0.47, 1000] }, 3));
    expect(outcome).toBe('does not hold');
    expect(reason).toContain('whose mean curve is lowest before any update');
  });

  test('one seed has no spread, and none is printed', () => {
    const { verdict, tables } = questionAnswering.summarize(
      curves({ ...paperLike, 'ln-lstm': [0.47, 1000] }, 1),
      paper,
    );
    expect(verdict.reason).toMatch(/LN-LSTM: 47\.\d % \(one seed\).* paired difference -\d\.\d points/);
    expect(tables.flatMap(({ rows }) => rows.flat()).some(Number.isNaN)).toBe(false);
  });
});
