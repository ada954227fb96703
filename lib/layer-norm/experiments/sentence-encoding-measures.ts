/** What sentence vectors are measured by (Table 3), and what the paper measured. */
import type { SentenceTask } from '../../datasets/sentences.ts';

export interface DownstreamMeasure {
  readonly metric: string;
  readonly label: string;
  readonly unit: string;
  readonly isBetter: 'higher' | 'lower';
  /** Digits behind the point, as in Table 3. */
  readonly decimals: number;
  /** Table 3's rows, in the order of `paperRows`. */
  readonly paper: readonly [number, number, number, number];
}

export const paperRows = [
  'Kiros et al. 2015 (paper)',
  'plain, 1,000,000 updates (paper)',
  'layer normalization, 1,000,000 updates (paper)',
  'layer normalization, about 1,700,000 updates (paper)',
] as const;

const correlation = { unit: 'correlation', isBetter: 'higher', decimals: 3 } as const;
const accuracy = { unit: '%', isBetter: 'higher', decimals: 1 } as const;

/** Of SICK. */
export const relatednessMeasures = {
  pearson: { metric: 'SICK Pearson', label: 'SICK r', ...correlation, paper: [0.848, 0.842, 0.854, 0.858] },
  spearman: { metric: 'SICK Spearman', label: 'SICK ρ', ...correlation, paper: [0.778, 0.767, 0.785, 0.788] },
  meanSquaredError: {
    metric: 'SICK mean squared error',
    label: 'SICK MSE',
    unit: 'squared error',
    isBetter: 'lower',
    decimals: 3,
    paper: [0.287, 0.298, 0.277, 0.27],
  },
} as const satisfies Record<string, DownstreamMeasure>;

export const accuracyMeasures = {
  mr: { metric: 'MR accuracy', label: 'MR', ...accuracy, paper: [75.5, 77.3, 79.5, 79.4] },
  cr: { metric: 'CR accuracy', label: 'CR', ...accuracy, paper: [79.3, 81.8, 82.6, 83.1] },
  subj: { metric: 'SUBJ accuracy', label: 'SUBJ', ...accuracy, paper: [92.1, 92.6, 93.4, 93.7] },
  mpqa: { metric: 'MPQA accuracy', label: 'MPQA', ...accuracy, paper: [86.9, 87.9, 89.0, 89.3] },
} as const satisfies Record<SentenceTask, DownstreamMeasure>;

/** In the order of Table 3's columns. */
export const downstreamMeasures: readonly DownstreamMeasure[] = [
  ...Object.values(relatednessMeasures),
  ...Object.values(accuracyMeasures),
];

/** Of the decoders on held-out text; what the training writes down. */
export const crossEntropyMetric = 'crossEntropy';
export const crossEntropyUnit = 'nats a word';
/** Present, with the dataset as its subject, where a downstream dataset is not the paper's. */
export const standInMetric = 'downstream data stand in for the paper’s';

export const encoders = ['none', 'layer'] as const;
export type Encoder = (typeof encoders)[number];
export const encoderLabels: Readonly<Record<Encoder, string>> = { none: 'plain', layer: 'layer normalization' };
