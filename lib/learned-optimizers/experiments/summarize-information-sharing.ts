/** Table, verdict and charts of the information-sharing experiment; pure functions of the measurements. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { chartByConditionNumber, chartBySteps } from './chart-information-sharing.ts';
import {
  type LearnedName,
  largestLoss,
  logLosses,
  type SharingSummaryParams,
  sharingLabels,
  subjectsIn,
} from './information-sharing-subjects.ts';
import { describeValues, type Statistics } from './summarize-comparison.ts';

/** What the paper proposes, and the verdict is about. */
const sharingNames = ['lstm-gac', 'ntm-bfgs', 'ntm-l-bfgs'] as const satisfies readonly LearnedName[];

/** Decades that an optimizer ends below (−) or above (+) the coordinatewise LSTM, seed by seed. */
function comparedWithLstm(
  measurements: readonly Measurement[],
  subject: string,
  conditionNumber: number,
  { dimensions, horizonSteps }: SharingSummaryParams,
): Statistics | undefined {
  const lstm = logLosses(measurements, 'lstm', conditionNumber, dimensions, horizonSteps);
  const differences = [...logLosses(measurements, subject, conditionNumber, dimensions, horizonSteps)].flatMap(
    ([seed, value]) => (lstm.has(seed) ? [value - lstm.get(seed)!] : []),
  );
  return differences.length > 0 ? describeValues(differences) : undefined;
}

const fewestSeeds = 10;
/** Fewer steps than this say nothing about curvature, which an optimizer learns from step to step. */
const fewestSteps = 50;

/**
 * Holds where each of the three sharing optimizers ends below the coordinatewise LSTM at the largest condition number,
 * by more than two standard errors of the paired difference in log₁₀ of the loss over training seeds.
 */
export function judgeInformationSharing(measurements: readonly Measurement[], params: SharingSummaryParams): Verdict {
  const { conditionNumbers, horizonSteps } = params;
  const hardest = conditionNumbers.at(-1)!;
  const compared = sharingNames.map((name) => ({
    name,
    difference: comparedWithLstm(measurements, name, hardest, params),
  }));
  const missing = compared.filter(({ difference }) => difference === undefined);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => sharingLabels[name]).join(', ');
    return { outcome: 'inconclusive', reason: `Not measured beside the LSTM: ${names}.` };
  }
  const parts = compared.map(
    ({ name, difference }) =>
      `${sharingLabels[name]} ${signed(difference!.mean)} ± ${round(difference!.standardError)} (standard error)`,
  );
  const numbers = `At condition number ${hardest} the final loss beside the coordinatewise LSTM's, in decades, paired over ${compared[0]!.difference!.count} training seeds: ${parts.join('; ')}.${levels(measurements, params)}`;
  if (horizonSteps < fewestSteps) {
    return {
      outcome: 'inconclusive',
      reason: `Wrong scale: ${horizonSteps} steps, and at least ${fewestSteps} are needed. ${numbers}`,
    };
  }
  const fewest = Math.min(...compared.map(({ difference }) => difference!.count));
  if (fewest < fewestSeeds) {
    return {
      outcome: 'inconclusive',
      reason: `Too few seeds: ${fewest}, at least ${fewestSeeds} are needed. ${numbers}`,
    };
  }
  const better = compared.filter(({ difference }) => difference!.mean < -2 * difference!.standardError);
  const outcome = better.length === compared.length ? 'holds' : 'does not hold';
  const names = better.map(({ name }) => sharingLabels[name]).join(', ') || 'none';
  return { outcome, reason: `Better than the LSTM by two standard errors: ${names}. ${numbers}` };
}

export function summarizeInformationSharing(
  measurements: readonly Measurement[],
  params: SharingSummaryParams,
): Summary {
  const { conditionNumbers, dimensions } = params;
  const middle = dimensions[Math.floor(dimensions.length / 2)]!;
  const hardest = conditionNumbers.at(-1)!;
  return {
    verdict: judgeInformationSharing(measurements, params),
    tables: [
      tabulateConditionNumbers(measurements, params),
      tabulateDimensions(measurements, params, hardest),
      tabulateRates(measurements),
    ],
    charts:
      measurements.length === 0
        ? []
        : [
            chartByConditionNumber(measurements, params),
            ...conditionNumbers
              .filter((value) => value > 1)
              .map((value) => chartBySteps(measurements, value, middle, params)),
          ],
    remarks: [
      'The paper publishes no numbers for these optimizers.',
      'The loss is the mean over fresh functions of f/n, which is 1 at the start for every condition number and dimension; a row’s mean over training seeds is geometric, and its spread is the standard deviation of log₁₀ of the loss, in decades.',
      'A training seed decides initial weights, training functions and evaluation functions; every optimizer is evaluated on the same functions of a seed, which is why differences are paired.',
      'NTM-BFGS without its read head is LSTM+GAC: what is never read has no effect.',
      'Hand-written optimizers have one rate for all functions, tuned on the distribution that the learned ones were trained on. BFGS by the hand-set controller makes one move every two steps, since a read takes one.',
      `A run that diverged counts as ending at ${largestLoss} times its initial loss.`,
    ],
  };
}

/** How far the LSTM itself was trained: beside what hand-written methods reach on the hardest functions. */
function levels(measurements: readonly Measurement[], params: SharingSummaryParams): string {
  const { conditionNumbers, dimensions, horizonSteps } = params;
  const parts = ['lstm', 'adam', 'nag', 'l-bfgs'].flatMap((subject) => {
    const logs = [...logLosses(measurements, subject, conditionNumbers.at(-1)!, dimensions, horizonSteps).values()];
    return logs.length > 0 ? [`${sharingLabels[subject]} ${(10 ** describeValues(logs).mean).toPrecision(2)}`] : [];
  });
  return ` Final losses there: ${parts.join(', ')}.`;
}

function tabulateConditionNumbers(measurements: readonly Measurement[], params: SharingSummaryParams): Table {
  const { conditionNumbers, dimensions, horizonSteps } = params;
  const hardest = conditionNumbers.at(-1)!;
  return {
    title: `Loss at step ${horizonSteps} by condition number, over ${dimensions.join(', ')} dimensions`,
    columns: [
      { label: 'optimizer' },
      ...conditionNumbers.map((value) => ({ label: `κ = ${value}`, digits: 2 })),
      { label: `spread at κ = ${hardest} (decades)`, digits: 2 },
      { label: `beside the LSTM at κ = ${hardest} (decades)`, digits: 2 },
      { label: 'its standard error', digits: 2 },
      { label: 'seeds' },
      { label: 'paper' },
    ],
    rows: subjectsIn(measurements).map((subject) => {
      const spreads = conditionNumbers.map((value) => {
        const logs = [...logLosses(measurements, subject, value, dimensions, horizonSteps).values()];
        return logs.length > 0 ? describeValues(logs) : undefined;
      });
      const difference = subject === 'lstm' ? undefined : comparedWithLstm(measurements, subject, hardest, params);
      const last = spreads.at(-1);
      return [
        sharingLabels[subject],
        ...spreads.map((spread) => (spread ? 10 ** spread.mean : undefined)),
        last?.standardDeviation,
        difference?.mean,
        difference?.standardError,
        last?.count,
        undefined,
      ];
    }),
  };
}

function tabulateDimensions(
  measurements: readonly Measurement[],
  { dimensions, horizonSteps }: SharingSummaryParams,
  conditionNumber: number,
): Table {
  return {
    title: `Loss at step ${horizonSteps} by dimension, condition number ${conditionNumber}`,
    columns: [{ label: 'optimizer' }, ...dimensions.map((size) => ({ label: `n = ${size}`, digits: 2 }))],
    rows: subjectsIn(measurements).map((subject) => [
      sharingLabels[subject],
      ...dimensions.map((size) => {
        const logs = [...logLosses(measurements, subject, conditionNumber, [size], horizonSteps).values()];
        return logs.length > 0 ? 10 ** describeValues(logs).mean : undefined;
      }),
    ]),
  };
}

function tabulateRates(measurements: readonly Measurement[]): Table {
  const rates = measurements.filter(({ metric, seed }) => metric === 'learning rate' && seed === 0);
  return {
    title: 'Tuned learning rates',
    columns: [{ label: 'optimizer' }, { label: 'rate' }],
    rows: rates.map(({ subject, value }) => [sharingLabels[subject], value]),
  };
}

function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${round(Math.abs(value))}`;
}
