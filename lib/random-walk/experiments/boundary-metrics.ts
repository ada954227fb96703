/** What random-walk/boundaries measures, by the names that measurements carry. */
import type { RefinementMethod } from './refinement-methods.ts';

/** The proposed one first. */
export const boundaryMethods = ['walked', 'crf', 'alone'] as const satisfies readonly RefinementMethod[];
export type BoundaryMethod = (typeof boundaryMethods)[number];

/** One number a method and trial. */
export const boundaryMetrics = {
  maximumF: 'MF of the labels’ boundaries',
  averagePrecision: 'AP of the labels’ boundaries',
  precision: 'precision of the labels’ boundaries',
  recall: 'recall of the labels’ boundaries',
  classMaximumF: 'MF, mean over classes',
  classAveragePrecision: 'AP, mean over classes',
  sweptMaximumF: 'MF over thresholds',
  sweptAveragePrecision: 'AP over thresholds',
  benchmarkAveragePrecision: 'AP over thresholds, by BSDS500’s code',
  fragments: 'fragments a picture',
  smallFragments: 'small fragments a picture',
} as const;
export type BoundaryMetric = keyof typeof boundaryMetrics;

/** With the threshold as the step. */
export const sweptPrecisionMetric = 'precision at a threshold';
export const sweptRecallMetric = 'recall at a threshold';

/** The ground truth of what a back-end was measured on, whose fragments are counted as well. */
export function truthSubject(backEnd: string): string {
  return `${backEnd}/ground truth`;
}
