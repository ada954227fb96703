/**
 * Precision and recall of boundaries against the boundaries that people drew, over thresholds of their strength, and the two
 * numbers of Table 4, as BSDS500's benchmark has them (Arbeláez et al. 2011, `evaluation_bdry_image` and `collect_eval_bdry`).
 */
import { InvalidSegmentation } from './errors.ts';
import { matchBoundaries } from './match-boundaries.ts';
import { thinBoundaries } from './thin-boundaries.ts';

export interface PrecisionRecallPoint {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
}

export interface BoundaryScores {
  /** By rising threshold. */
  readonly curve: readonly PrecisionRecallPoint[];
  /** MF: the largest 2PR / (P + R) on the curve, which is linear between thresholds. */
  readonly maximumF: number;
  /**
   * AP: 0.01 Σ of the precision at recall 0, 0.01, …, 1, linear between the points, 0 beyond the ends. A curve of one recall
   * (all strengths are 0 and 1) has an area of 0.
   */
  readonly averagePrecision: number;
  /**
   * The area under the highest precision that the curve has at a recall of at least r, over r from 0 to 1 (information
   * retrieval's interpolated precision): of one point, precision times recall.
   */
  readonly interpolatedPrecision: number;
}

export interface BoundaryBenchmarkOptions {
  /** Strengths from which on a pixel is a boundary; by default 0.01, 0.02, …, 0.99. */
  readonly thresholds?: readonly number[];
  /** How far a predicted pixel may be from a true one, as a share of the image's diagonal; by default 0.0075. */
  readonly maximumDistance?: number;
}

export interface BoundaryImage {
  readonly width: number;
  readonly height: number;
  /** [height, width], 0 to 1: as `boundaryStrength` has it */
  readonly strength: Float32Array;
  /** Masks, [height, width], one a person who drew them. Their lines may be two pixels wide; they are thinned. */
  readonly truths: readonly Uint8Array[];
  /** Mask of pixels (void) where predicted boundaries are not counted. */
  readonly ignored?: Uint8Array;
}

/** Sums over a dataset. */
export class BoundaryBenchmark {
  readonly #thresholds: readonly number[];
  readonly #maximumDistance: number;
  /** By threshold: true pixels with a partner, true pixels (both over all people), predicted pixels with one, predicted pixels. */
  readonly #recalled: Float64Array;
  readonly #true: Float64Array;
  readonly #precise: Float64Array;
  readonly #predicted: Float64Array;

  constructor({ thresholds = defaultThresholds, maximumDistance = 0.0075 }: BoundaryBenchmarkOptions = {}) {
    const rising = thresholds.every((value, index) => value > (thresholds[index - 1] ?? 0));
    if (thresholds.length === 0 || !rising) {
      throw new InvalidSegmentation(`Thresholds must rise from more than 0, got [${thresholds}].`);
    }
    if (!(maximumDistance >= 0)) {
      throw new InvalidSegmentation(`maximumDistance must be a share of the diagonal, got ${maximumDistance}.`);
    }
    this.#thresholds = thresholds;
    this.#maximumDistance = maximumDistance;
    this.#recalled = new Float64Array(thresholds.length);
    this.#true = new Float64Array(thresholds.length);
    this.#precise = new Float64Array(thresholds.length);
    this.#predicted = new Float64Array(thresholds.length);
  }

  /** Counts one more image. A predicted pixel is right if it has a partner among the boundaries of at least one person. */
  add({ width, height, strength, truths, ignored }: BoundaryImage): void {
    const pixels = width * height;
    for (const mask of [strength, ...truths, ...(ignored ? [ignored] : [])]) {
      if (mask.length !== pixels) {
        throw new InvalidSegmentation(`Masks must have ${width} × ${height} pixels, one has ${mask.length} in all.`);
      }
    }
    const drawn = truths.map((truth) => thinBoundaries(truth, width, height));
    const reach = this.#maximumDistance * Math.hypot(width, height);
    let previous: { readonly candidates: number; readonly counts: readonly number[] } | undefined;
    for (const [index, threshold] of this.#thresholds.entries()) {
      const mask = new Uint8Array(pixels);
      let candidates = 0;
      for (let pixel = 0; pixel < pixels; pixel++) {
        if (!(strength[pixel]! >= threshold) || ignored?.[pixel]) continue;
        mask[pixel] = 1;
        candidates++;
      }
      // As many pixels at a higher threshold are the same pixels.
      if (previous?.candidates !== candidates) {
        previous = { candidates, counts: count(thinBoundaries(mask, width, height), drawn, width, height, reach) };
      }
      const [recalled, all, precise, predicted] = previous.counts as [number, number, number, number];
      this.#recalled[index]! += recalled;
      this.#true[index]! += all;
      this.#precise[index]! += precise;
      this.#predicted[index]! += predicted;
    }
  }

  scores(): BoundaryScores {
    const curve = this.#thresholds.map((threshold, index) => ({
      threshold,
      precision: share(this.#precise[index]!, this.#predicted[index]!),
      recall: share(this.#recalled[index]!, this.#true[index]!),
    }));
    return {
      curve,
      maximumF: maximumF(curve),
      averagePrecision: averagePrecision(curve),
      interpolatedPrecision: interpolatedPrecision(curve),
    };
  }
}

const defaultThresholds: readonly number[] = Array.from({ length: 99 }, (_, index) => (index + 1) / 100);

function count(mask: Uint8Array, drawn: readonly Uint8Array[], width: number, height: number, reach: number) {
  const right = new Uint8Array(mask.length);
  let recalled = 0;
  let all = 0;
  for (const truth of drawn) {
    const { pairs, matchedPredicted } = matchBoundaries(mask, truth, width, height, reach);
    recalled += pairs;
    all += countOnes(truth);
    for (let pixel = 0; pixel < mask.length; pixel++) right[pixel]! |= matchedPredicted[pixel]!;
  }
  return [recalled, all, countOnes(right), countOnes(mask)];
}

function countOnes(mask: Uint8Array): number {
  let ones = 0;
  for (let pixel = 0; pixel < mask.length; pixel++) ones += mask[pixel]!;
  return ones;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** The harmonic mean of precision and recall. */
export function fMeasure(precision: number, recall: number): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

function maximumF(curve: readonly PrecisionRecallPoint[]): number {
  let best = 0;
  for (const [index, point] of curve.entries()) {
    const before = curve[Math.max(0, index - 1)]!;
    for (let step = 0; step < 100; step++) {
      const weight = step / 99;
      best = Math.max(
        best,
        fMeasure(
          weight * point.precision + (1 - weight) * before.precision,
          weight * point.recall + (1 - weight) * before.recall,
        ),
      );
    }
  }
  return best;
}

function averagePrecision(curve: readonly PrecisionRecallPoint[]): number {
  // Of equal recalls the one of the highest precision.
  const best = new Map<number, number>();
  for (const { recall, precision } of curve) best.set(recall, Math.max(precision, best.get(recall) ?? 0));
  const points = [...best].sort(([a], [b]) => a - b);
  if (points.length < 2) return 0;
  let sum = 0;
  for (let at = 0; at <= 100; at++) {
    const recall = at / 100;
    const after = points.findIndex(([value]) => value >= recall);
    if (after < 0) continue;
    const [r1, p1] = points[after]!;
    if (r1 === recall) sum += p1;
    else if (after > 0) {
      const [r0, p0] = points[after - 1]!;
      sum += p0 + ((p1 - p0) * (recall - r0)) / (r1 - r0);
    }
  }
  return 0.01 * sum;
}

function interpolatedPrecision(curve: readonly PrecisionRecallPoint[]): number {
  let area = 0;
  let highest = 0;
  const falling = [...curve].sort((a, b) => b.recall - a.recall);
  for (const [index, { recall, precision }] of falling.entries()) {
    highest = Math.max(highest, precision);
    area += highest * (recall - (falling[index + 1]?.recall ?? 0));
  }
  return area;
}
