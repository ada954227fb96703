import { describe, expect, test } from 'vitest';
import { errorsOfPairs, scoreRetrieval } from '../../lib/layer-norm/models/retrieval.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const matrix = (count: number, dimensions: number, ...values: number[]) => ({
  count,
  dimensions,
  data: Float32Array.from(values),
});

describe('errors of pairs', () => {
  test('order: only what a sentence has more of than an image counts, squared', () => {
    const sentences = matrix(2, 2, 0.5, 0.25, 0, 1);
    const images = matrix(3, 2, 1, 0.25, 0, 0, 0.25, 2);
    expect([...errorsOfPairs(sentences, images, 'order')]).toEqual([0, 0.3125, 0.0625, 0.5625, 1, 0]);
  });

  test('cosine: minus the scalar product', () => {
    expect([...errorsOfPairs(matrix(1, 2, 3, 4), matrix(2, 2, 1, 0, 0.5, -1), 'cosine')]).toEqual([-3, 2.5]);
  });

  test('refuses vectors of different spaces', () => {
    expect(() => errorsOfPairs(matrix(1, 2, 1, 1), matrix(1, 1, 1), 'order')).toThrow('got 2 and 1 dimensions');
  });
});

/** By sorting: the answer behind all that is as good, which a stable sort does where the wrong ones come first. */
function bruteForceRank(errors: readonly number[], isRight: (index: number) => boolean): number {
  const wrongFirst = errors.map((error, index) => ({ error, right: isRight(index) }));
  wrongFirst.sort((a, b) => a.error - b.error || Number(a.right) - Number(b.right));
  return (
    1 +
    wrongFirst.slice(
      0,
      wrongFirst.findIndex(({ right }) => right),
    ).length
  );
}

describe('scores', () => {
  test.each([0, 3])('agree with sorting, on errors with %d distinct values (0: all distinct)', (levels) => {
    const random = randomStream(1, 'errors', levels);
    const [images, perImage] = [23, 5];
    const errors = Float64Array.from({ length: images * images * perImage }, () =>
      levels === 0 ? random.uniform() : random.uniformInteger(levels),
    );
    const byImage = Array.from({ length: images * perImage }, (_, sentence) =>
      bruteForceRank(
        [...errors.slice(sentence * images, (sentence + 1) * images)],
        (m) => m === Math.floor(sentence / 5),
      ),
    );
    const byCaption = Array.from({ length: images }, (_, image) =>
      bruteForceRank(
        Array.from({ length: images * perImage }, (_, s) => errors[s * images + image]!),
        (sentence) => Math.floor(sentence / 5) === image,
      ),
    );
    const { captions, images: imageScores } = scoreRetrieval(errors, images, perImage);
    const mean = (ranks: number[]) => ranks.reduce((a, b) => a + b, 0) / ranks.length;
    const share = (ranks: number[], k: number) => mean(ranks.map((rank) => (rank <= k ? 100 : 0)));
    for (const [scores, ranks] of [
      [captions, byCaption],
      [imageScores, byImage],
    ] as const) {
      expect(scores.meanRank).toBeCloseTo(mean(ranks), 10);
      expect(scores.recallAt1).toBeCloseTo(share(ranks, 1), 10);
      expect(scores.recallAt5).toBeCloseTo(share(ranks, 5), 10);
      expect(scores.recallAt10).toBeCloseTo(share(ranks, 10), 10);
    }
  });

  test('a perfect model has 100 % and rank 1', () => {
    const errors = Float64Array.from({ length: 20 * 100 }, (_, pair) =>
      Math.floor(Math.floor(pair / 20) / 5) === pair % 20 ? 0 : 1,
    );
    const perfect = { recallAt1: 100, recallAt5: 100, recallAt10: 100, meanRank: 1 };
    expect(scoreRetrieval(errors, 20, 5)).toEqual({ captions: perfect, images: perfect });
  });

  test('a random model finds an image as chance does: K in N, and the middle rank', () => {
    const random = randomStream(0, 'random model');
    const errors = Float64Array.from({ length: 200 * 1000 }, () => random.uniform());
    const { images, captions } = scoreRetrieval(errors, 200, 5);
    expect(Math.abs(images.recallAt10 - 5)).toBeLessThan(2);
    expect(Math.abs(images.meanRank - 100.5)).toBeLessThan(6);
    // The first of five among a thousand: (1000 − 5)/(5 + 1) wrong ones before it.
    expect(Math.abs(captions.meanRank - (1 + 995 / 6))).toBeLessThan(30);
  });

  test.each([0, Number.NaN])('a model that gives every pair %d finds nothing', (value) => {
    const { images, captions } = scoreRetrieval(new Float64Array(20 * 100).fill(value), 20, 5);
    expect(images).toEqual({ recallAt1: 0, recallAt5: 0, recallAt10: 0, meanRank: 20 });
    expect(captions).toEqual({ recallAt1: 0, recallAt5: 0, recallAt10: 0, meanRank: 96 });
  });

  test('refuses errors of another number of pairs', () => {
    expect(() => scoreRetrieval(new Float64Array(7), 2, 5)).toThrow('have 20 pairs, got 7 errors');
  });
});
