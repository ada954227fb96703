/** The optimizers that the information-sharing experiment compares, and how their losses are read from its measurements. */
import type { Measurement } from '../../pipeline/experiment.ts';
import type { SharingArchitecture } from '../information-sharing/sharing-parameters.ts';
import { describeValues } from './summarize-comparison.ts';

/** The four optimizers of appendix D and §2.1, then NTM-BFGS with a part left out. */
export const learnedNames = [
  'lstm',
  'lstm-gac',
  'ntm-bfgs',
  'ntm-l-bfgs',
  'ntm-bfgs-without-gac',
  'ntm-bfgs-one-write-head',
  'ntm-bfgs-without-writes',
] as const;
export type LearnedName = (typeof learnedNames)[number];

export const sharingLabels: Readonly<Record<string, string>> = {
  lstm: 'LSTM',
  'lstm-gac': 'LSTM+GAC',
  'ntm-bfgs': 'NTM-BFGS',
  'ntm-l-bfgs': 'NTM-L-BFGS',
  'ntm-bfgs-without-gac': 'NTM-BFGS, no GAC',
  'ntm-bfgs-one-write-head': 'NTM-BFGS, one write head',
  'ntm-bfgs-without-writes': 'NTM-BFGS, memory never written',
  adam: 'ADAM (tuned)',
  nag: 'NAG (tuned)',
  'l-bfgs': 'L-BFGS (tuned)',
  'bfgs-by-hand': 'NTM-BFGS set by hand to BFGS',
};

/** What of appendix D each learned optimizer has. */
export function architectureOf(
  name: LearnedName,
  params: { readonly averagingCells: number; readonly writeHeads: number; readonly historySteps: number },
): SharingArchitecture {
  const { averagingCells, writeHeads, historySteps } = params;
  const memory = { kind: 'matrix' } as const;
  const write = 'mean-outer-product';
  const full: SharingArchitecture = { averagingCells, readHeads: 1, writeHeads, memory, write };
  switch (name) {
    case 'lstm':
      return { ...full, averagingCells: 0, readHeads: 0, writeHeads: 0 };
    case 'lstm-gac':
      return { ...full, readHeads: 0, writeHeads: 0 };
    case 'ntm-bfgs':
      return full;
    case 'ntm-l-bfgs':
      return { ...full, memory: { kind: 'sliding', historySteps } };
    case 'ntm-bfgs-without-gac':
      return { ...full, averagingCells: 0 };
    case 'ntm-bfgs-one-write-head':
      return { ...full, writeHeads: 1 };
    case 'ntm-bfgs-without-writes':
      return { ...full, writeHeads: 0 };
  }
}

export function lossMetric(conditionNumber: number, dimension: number): string {
  return `loss, condition number ${conditionNumber}, ${dimension} dimensions`;
}

export interface SharingSummaryParams {
  readonly seeds: number;
  readonly horizonSteps: number;
  readonly dimensions: readonly number[];
  readonly conditionNumbers: readonly number[];
}

/** A run that diverged counts as having ended at ten times its initial loss: a mean of logarithms has no place for more. */
export const largestLoss = 10;

/** log₁₀ of the loss at a step, by seed, the mean over the dimensions where several are named. */
export function logLosses(
  measurements: readonly Measurement[],
  subject: string,
  conditionNumber: number,
  dimensions: readonly number[],
  step: number,
): ReadonlyMap<number, number> {
  const metrics = new Set(dimensions.map((dimension) => lossMetric(conditionNumber, dimension)));
  const rows = measurements.filter((row) => row.subject === subject && row.step === step && metrics.has(row.metric));
  return new Map(
    [...Map.groupBy(rows, ({ seed }) => seed)]
      .filter(([, group]) => group.length === dimensions.length)
      .map(([seed, group]) => [
        seed,
        describeValues(group.map(({ value }) => Math.log10(Math.min(value, largestLoss)))).mean,
      ]),
  );
}

/** In the order of the labels. */
export function subjectsIn(measurements: readonly Measurement[]): readonly string[] {
  const present = new Set(measurements.map(({ subject }) => subject));
  return Object.keys(sharingLabels).filter((subject) => present.has(subject));
}
