/**
 * Nested cross-validation of a logistic regression: each outer fold is tested once by a model whose penalty was chosen by
 * cross-validation inside the other folds, so that no tested row has a part in anything it is tested with.
 */
import {
  fitLogisticRegressions,
  type LogisticRegression,
  type LogisticRegressionProblem,
} from './logistic-regression.ts';
import type { RandomStream } from './random.ts';

export interface NestedCrossValidationOptions {
  readonly outerFolds: number;
  readonly innerFolds: number;
  /** Candidates for C, the first of equally accurate ones is chosen; see logistic-regression.ts. */
  readonly inverseRegularizations: readonly number[];
  /** Shuffles the rows before they are cut into folds. */
  readonly random: RandomStream;
}

export interface FoldResult {
  /** Share of this fold's rows that are predicted right. */
  readonly accuracy: number;
  /** C */
  readonly inverseRegularization: number;
}

/**
 * Call `startTensorFlow` before. Throws RangeError where there are fewer rows than the folds need.
 *
 * @param features [rows, columns] row by row
 * @param labels [rows], 0 or 1
 * @returns a result an outer fold; their mean, weighted by rows, is `overallAccuracy`
 */
export function crossValidate(
  features: Float32Array,
  labels: Uint8Array,
  { outerFolds, innerFolds, inverseRegularizations, random }: NestedCrossValidationOptions,
): { readonly folds: readonly FoldResult[]; readonly overallAccuracy: number } {
  const columns = features.length / labels.length;
  const order = new Int32Array(labels.length);
  random.fillSample(order, labels.length);
  const outer = cutFolds(order, outerFolds);

  const inner = outer.flatMap(({ rest }, fold) =>
    inverseRegularizations.flatMap((inverseRegularization) =>
      cutFolds(rest, innerFolds).map((part) => ({ fold, inverseRegularization, ...part })),
    ),
  );
  const innerProblems = inner.map(
    ({ rest, inverseRegularization }): LogisticRegressionProblem => ({ rows: rest, inverseRegularization }),
  );
  const fits = fitLogisticRegressions(features, labels, innerProblems);
  const right = inner.map(({ held }, index) => countRight(fits[index]!, held));

  const chosen = outer.map((_, fold) => {
    const totals = inverseRegularizations.map((candidate) =>
      inner.reduce(
        (sum, problem, index) =>
          problem.fold === fold && problem.inverseRegularization === candidate ? sum + right[index]! : sum,
        0,
      ),
    );
    return inverseRegularizations[totals.indexOf(Math.max(...totals))]!;
  });
  const finals = fitLogisticRegressions(
    features,
    labels,
    outer.map(({ rest }, fold) => ({ rows: rest, inverseRegularization: chosen[fold]! })),
  );
  const testedRight = outer.map(({ held }, fold) => countRight(finals[fold]!, held));
  return {
    folds: outer.map(({ held }, fold) => ({
      accuracy: testedRight[fold]! / held.length,
      inverseRegularization: chosen[fold]!,
    })),
    overallAccuracy: testedRight.reduce((sum, count) => sum + count, 0) / labels.length,
  };

  function countRight({ weights, intercept }: LogisticRegression, rows: Int32Array): number {
    let count = 0;
    for (const row of rows) {
      let score = intercept;
      for (let column = 0; column < columns; column++) score += weights[column]! * features[row * columns + column]!;
      if (score > 0 === (labels[row] === 1)) count++;
    }
    return count;
  }
}

/** Neighbouring parts of nearly equal size, each held out once. */
function cutFolds(
  rows: Int32Array,
  folds: number,
): readonly { readonly held: Int32Array; readonly rest: Int32Array }[] {
  if (folds < 2 || rows.length < folds) {
    throw new RangeError(
      `Cross-validation needs at least 2 folds and a row for each; got ${folds} of ${rows.length} rows.`,
    );
  }
  return Array.from({ length: folds }, (_, fold) => {
    const start = Math.floor((fold * rows.length) / folds);
    const end = Math.floor(((fold + 1) * rows.length) / folds);
    const rest = new Int32Array(rows.length - (end - start));
    rest.set(rows.subarray(0, start));
    rest.set(rows.subarray(end), start);
    return { held: rows.slice(start, end), rest };
  });
}
