/**
 * Classes that a walk need not be walked for. A is an average, so that a class's limit has no value outside of the range of its
 * f: a network that knows 21 classes finds few of them in a picture.
 */
import type { Accuracy } from './converge.ts';

export interface ClassSelection {
  /** The classes to walk for, in order; never none. */
  readonly active: readonly number[];
  /** (least + largest) / 2 of each class. */
  readonly middles: Float32Array;
  /** How far at most the limits of the others may be, all together, from what is to stand for them. */
  readonly error: number;
}

/**
 * To values, the classes are left out whose ranges sum to at most `allowance`. Their middles stand for them: half of a range from the
 * limit at most, so that rows are within half of the sum of summing to one, and after they have been made to, all values within it.
 *
 * To labels, those are left out whose largest probability is less than what the most probable of the remaining classes has at
 * least, everywhere: none of them can be a label. What they were stands for them.
 *
 * @param probabilities [pixels, classes]; rows sum to one, or nearly
 * @param allowance less than 0 to walk for all
 */
export function selectClasses(
  probabilities: Float32Array,
  classes: number,
  accuracy: Accuracy,
  allowance: number,
): ClassSelection {
  const [least, largest] = rangesOf(probabilities, classes);
  const isForLabels = accuracy === 'labels';
  const ranges = largest.map((high, k) => high - least[k]!);
  const middles = largest.map((high, k) => (high + least[k]!) / 2);
  const measure = isForLabels ? largest : ranges;
  const byMeasure = [...measure.keys()].sort((a, b) => measure[a]! - measure[b]!);
  let sum = 0;
  let out = 0;
  for (; out < classes - 1 && allowance >= 0; out++) {
    const next = sum + measure[byMeasure[out]!]!;
    const isNegligible = isForLabels
      ? measure[byMeasure[out]!]! < (1 - sumTolerance - next) / (classes - out - 1)
      : next <= allowance;
    if (!isNegligible) break;
    sum = next;
  }
  const active = byMeasure.slice(out).sort((a, b) => a - b);
  const error = byMeasure.slice(0, out).reduce((all, k) => all + ranges[k]!, 0);
  return { active, middles, error };
}

/** Rows may sum to this much less than one. */
const sumTolerance = 1e-2;

/** The least and the largest value of each class. */
function rangesOf(probabilities: Float32Array, classes: number): readonly [Float32Array, Float32Array] {
  const least = new Float32Array(classes).fill(Number.POSITIVE_INFINITY);
  const largest = new Float32Array(classes).fill(Number.NEGATIVE_INFINITY);
  for (let at = 0; at < probabilities.length; at += classes) {
    for (let k = 0; k < classes; k++) {
      const value = probabilities[at + k]!;
      if (value < least[k]!) least[k] = value;
      if (value > largest[k]!) largest[k] = value;
    }
  }
  return [least, largest];
}
