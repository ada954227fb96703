/**
 * How well sentences and images find each other (§6.1, Table 2; Vendrov et al. 2016): errors of all pairs, then recalls and
 * mean ranks in both directions. Plain arithmetic on what a model embedded.
 */

/** `order`: how far a sentence's vector exceeds an image's. `cosine`: the symmetric baseline. */
export type Similarity = 'order' | 'cosine';

/** Row-major. */
export interface Embeddings {
  /** [count, dimensions] */
  readonly data: Float32Array;
  readonly count: number;
  readonly dimensions: number;
}

export interface RetrievalScores {
  /** Percentage of the queries whose answer is among the first K. */
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
  /** 1 is perfect. */
  readonly meanRank: number;
}

/**
 * Errors [sentences, images] of all pairs: Σ max(0, s − m)² for `order` (Vendrov et al., Eq. 2), −s·m for `cosine`.
 * Throws RangeError where the two have different dimensions.
 */
export function errorsOfPairs(sentences: Embeddings, images: Embeddings, similarity: Similarity): Float64Array {
  const { dimensions } = sentences;
  if (images.dimensions !== dimensions) {
    throw new RangeError(
      `Sentences and images must be embedded in one space, got ${dimensions} and ${images.dimensions} dimensions.`,
    );
  }
  const errors = new Float64Array(sentences.count * images.count);
  for (let s = 0; s < sentences.count; s++) {
    for (let m = 0; m < images.count; m++) {
      let error = 0;
      for (let d = 0; d < dimensions; d++) {
        const sentence = sentences.data[s * dimensions + d]!;
        const image = images.data[m * dimensions + d]!;
        if (similarity === 'cosine') error -= sentence * image;
        else if (sentence > image) error += (sentence - image) ** 2;
      }
      errors[s * images.count + m] = error;
    }
  }
  return errors;
}

/**
 * Both directions, from the errors [sentences, images] of all pairs, where sentences k·m to k·m + k − 1 belong to image m.
 * A sentence looks for its image; an image looks for the first of its sentences. What has the same error as the answer
 * stands before it, so that a model which gives everything the same error finds nothing; NaN counts as that, too.
 */
export function scoreRetrieval(
  errors: Float64Array,
  imageCount: number,
  sentencesPerImage: number,
): { readonly captions: RetrievalScores; readonly images: RetrievalScores } {
  const sentenceCount = imageCount * sentencesPerImage;
  if (errors.length !== sentenceCount * imageCount) {
    throw new RangeError(
      `${imageCount} images with ${sentencesPerImage} sentences each have ${sentenceCount * imageCount} pairs, got ${errors.length} errors.`,
    );
  }
  const imageRanks = Array.from({ length: sentenceCount }, (_, sentence) => {
    const row = errors.subarray(sentence * imageCount, (sentence + 1) * imageCount);
    return rankOf(row, (image) => image === Math.floor(sentence / sentencesPerImage));
  });
  const captionRanks = Array.from({ length: imageCount }, (_, image) => {
    const column = Float64Array.from(
      { length: sentenceCount },
      (_, sentence) => errors[sentence * imageCount + image]!,
    );
    return rankOf(column, (sentence) => Math.floor(sentence / sentencesPerImage) === image);
  });
  return { captions: summarizeRanks(captionRanks), images: summarizeRanks(imageRanks) };
}

/** 1 for the first place: one more than the wrong answers that are no worse than the best right one. */
function rankOf(errors: Float64Array, isRight: (index: number) => boolean): number {
  let best = Number.POSITIVE_INFINITY;
  for (const [index, error] of errors.entries()) if (isRight(index) && error < best) best = error;
  let rank = 1;
  for (const [index, error] of errors.entries()) if (!isRight(index) && !(error > best)) rank++;
  return rank;
}

function summarizeRanks(ranks: readonly number[]): RetrievalScores {
  const recallAt = (k: number) => (100 * ranks.filter((rank) => rank <= k).length) / ranks.length;
  return {
    recallAt1: recallAt(1),
    recallAt5: recallAt(5),
    recallAt10: recallAt(10),
    meanRank: ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length,
  };
}
