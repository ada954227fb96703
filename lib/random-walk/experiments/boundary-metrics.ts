/** What random-walk/boundaries measures, by the names that measurements carry. */
import type { BackEndKind } from '../back-ends/settings.ts';

export const boundaryBackEnds = {
  'large-fov': 'DeepLab-LargeFOV',
  attention: 'DeepLab-attention',
  'deeplab-v2': 'DeepLab-v2',
} as const satisfies Record<BackEndKind, string>;
export const boundaryBackEndKinds = Object.keys(boundaryBackEnds) as readonly BackEndKind[];

export const boundaryMethods = { walk: 'random walk network', crf: 'dense CRF', alone: 'no refinement' } as const;
export type BoundaryMethod = keyof typeof boundaryMethods;
export const boundaryMethodNames = Object.keys(boundaryMethods) as readonly BoundaryMethod[];

/** `large-fov/crf`; `truth` is the ground truth, whose fragments are counted too. */
export function boundarySubject(backEnd: BackEndKind, method: BoundaryMethod | 'truth'): string {
  return `${backEnd}/${method}`;
}

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

/** The value is how many pictures were measured, the subject what the dataset says that it is. */
export const picturesMetric = 'pictures';
