/**
 * How well the boundaries of predicted segmentations agree with those of the ground truth (Table 4), summed over a dataset: of
 * the predicted labels as they are, of each class by itself, and over thresholds of the strength that boundaries of the
 * probabilities have.
 *
 * The paper extracts boundaries from segmentations, which leaves one point of precision P and recall R, and names no AP for
 * that. Its AP is its MF² within 0.003 in all six rows of Table 4: what P·R is where P = R. So that is the AP here, the
 * area under the interpolated precision, which curves of several thresholds have as well.
 */
import { type LabelMap, voidLabel } from '../../datasets/label-map.ts';
import type { ClassProbabilities } from '../refine.ts';
import { BoundaryBenchmark, type PrecisionRecallPoint } from './boundary-benchmark.ts';
import { boundaryStrength, labelBoundaries } from './boundary-strength.ts';
import { squaredDistances } from './distance-transform.ts';
import { countFragments, type FragmentCount } from './fragments.ts';
import { checkLabelMaps } from './label-maps.ts';
import { mostProbableLabels } from './most-probable-labels.ts';

export interface SegmentationBoundariesOptions {
  readonly classes: number;
  /** Of the strength of boundaries, rising. */
  readonly thresholds: readonly number[];
  /** How far a predicted pixel may be from a true one, as a share of the image's diagonal; 0.0075 by default. */
  readonly maximumDistance?: number;
  /** Share of an image's pixels below which a connected piece is small; 0.001 by default. */
  readonly smallShare?: number;
}

export interface SegmentationBoundaryScores {
  /** Of the labels: where they change, whichever the classes. */
  readonly precision: number;
  readonly recall: number;
  readonly maximumF: number;
  readonly averagePrecision: number;
  /** Of single classes' boundaries, means over the classes that the ground truth has boundaries of. */
  readonly classMaximumF: number;
  readonly classAveragePrecision: number;
  /** Over thresholds of the strength. */
  readonly curve: readonly PrecisionRecallPoint[];
  readonly sweptMaximumF: number;
  readonly sweptAveragePrecision: number;
  /** As BSDS500's code has it, which counts nothing below the curve's least recall. */
  readonly benchmarkAveragePrecision: number;
  /** Connected pieces an image. */
  readonly fragments: number;
  readonly smallFragments: number;
  readonly trueFragments: number;
  readonly trueSmallFragments: number;
}

export class SegmentationBoundaries {
  readonly #options: Required<SegmentationBoundariesOptions>;
  readonly #labels: BoundaryBenchmark;
  readonly #classes: readonly BoundaryBenchmark[];
  readonly #hasClass: Uint8Array;
  readonly #swept: BoundaryBenchmark;
  #images = 0;
  readonly #fragments = { all: 0, small: 0 };
  readonly #trueFragments = { all: 0, small: 0 };

  /** Throws InvalidSegmentation. */
  constructor({ maximumDistance = 0.0075, smallShare = 0.001, ...options }: SegmentationBoundariesOptions) {
    this.#options = { maximumDistance, smallShare, ...options };
    const { classes, thresholds } = options;
    const atOnce = { thresholds: [1], maximumDistance };
    this.#labels = new BoundaryBenchmark(atOnce);
    this.#classes = Array.from({ length: classes }, () => new BoundaryBenchmark(atOnce));
    this.#hasClass = new Uint8Array(classes);
    this.#swept = new BoundaryBenchmark({ thresholds, maximumDistance });
  }

  /** Counts one more image, without what is void and near it. Throws InvalidSegmentation. */
  add(truth: LabelMap, probabilities: ClassProbabilities): void {
    const { width, height } = truth;
    const { classes, maximumDistance, smallShare } = this.#options;
    const labels = mostProbableLabels(probabilities);
    checkLabelMaps(truth, labels, classes);
    const ignored = nearVoid(truth, maximumDistance * Math.hypot(width, height));
    const trueBoundaries = (ofClass?: number) =>
      labelBoundaries(truth, ofClass).map((there, pixel) => (ignored[pixel] ? 0 : there));
    const image = { width, height, ignored };
    const drawn = trueBoundaries();
    this.#labels.add({ ...image, strength: Float32Array.from(labelBoundaries(labels)), truths: [drawn] });
    this.#swept.add({ ...image, strength: boundaryStrength(probabilities), truths: [drawn] });
    // A class that neither has adds nothing.
    for (const label of new Set([...truth.labels, ...labels.labels])) {
      if (label === voidLabel) continue;
      const truths = [trueBoundaries(label)];
      if (truths[0]!.includes(1)) this.#hasClass[label] = 1;
      this.#classes[label]!.add({ ...image, strength: Float32Array.from(labelBoundaries(labels, label)), truths });
    }
    const known = labels.labels.map((label, pixel) => (truth.labels[pixel] === voidLabel ? voidLabel : label));
    const smallBelow = smallShare * known.length;
    this.#images++;
    addTo(this.#fragments, countFragments({ width, height, labels: known }, smallBelow));
    addTo(this.#trueFragments, countFragments(truth, smallBelow));
  }

  scores(): SegmentationBoundaryScores {
    const { curve, maximumF, interpolatedPrecision } = this.#labels.scores();
    const { precision, recall } = curve[0]!;
    const swept = this.#swept.scores();
    const single = this.#classes.flatMap((benchmark, label) => (this.#hasClass[label] ? [benchmark.scores()] : []));
    return {
      ...{ precision, recall, maximumF, averagePrecision: interpolatedPrecision },
      classMaximumF: mean(single.map((scores) => scores.maximumF)),
      classAveragePrecision: mean(single.map((scores) => scores.interpolatedPrecision)),
      curve: swept.curve,
      sweptMaximumF: swept.maximumF,
      sweptAveragePrecision: swept.interpolatedPrecision,
      benchmarkAveragePrecision: swept.averagePrecision,
      fragments: this.#fragments.all / this.#images,
      smallFragments: this.#fragments.small / this.#images,
      trueFragments: this.#trueFragments.all / this.#images,
      trueSmallFragments: this.#trueFragments.small / this.#images,
    };
  }
}

/** Mask of void and of what is not farther than `reach` from it: nobody knows what boundaries it hides. */
export function nearVoid({ width, height, labels }: LabelMap, reach: number): Uint8Array {
  const isVoid = labels.map((label) => (label === voidLabel ? 1 : 0));
  return Uint8Array.from(squaredDistances(isVoid, width, height), (square) => (square <= reach ** 2 ? 1 : 0));
}

function addTo(sum: { all: number; small: number }, { all, small }: FragmentCount): void {
  sum.all += all;
  sum.small += small;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
