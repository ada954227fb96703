/** The table and the verdict over Figure 6's grid of networks; pure functions of the measurements. */
import type { Measurement, Table, Verdict } from '../../pipeline/experiment.ts';
import type { BaselineName } from '../baselines.ts';
import type { MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import {
  type Comparison,
  compareWithBest,
  findObstacle,
  number,
  standingOf,
  subjectLabels,
  summarizeLosses,
} from './summarize-comparison.ts';

export interface GridCell {
  readonly activation: MnistPerceptronSettings['activation'];
  readonly layers: number;
  /** In each layer. */
  readonly units: number;
}

export interface MeasuredCell extends GridCell {
  /** Final losses, under the metric `loss` at the last step. */
  readonly measurements: readonly Measurement[];
}

interface Horizon {
  readonly horizonSteps: number;
}

export const activationLabels = { sigmoid: 'sigmoid', relu: 'ReLU' } as const;

/** Of the sigmoid cells, the share in which the learned optimizer has to lead; it may trail in none. */
const leadingShare = 0.75;

export function judgeGrid(
  grid: readonly MeasuredCell[],
  params: Horizon,
  optimizers: readonly BaselineName[],
): Verdict {
  const inPaper = grid.filter(({ activation }) => activation === 'sigmoid');
  const compared = inPaper.flatMap((cell) => {
    const comparison = compareWithBest(cell.measurements, params.horizonSteps);
    return comparison ? [{ cell, comparison }] : [];
  });
  const obstacles = new Set(inPaper.flatMap((cell) => findObstacle(cell.measurements, params, optimizers) ?? []));
  if (compared.length < inPaper.length || inPaper.length === 0) obstacles.add('Not every sigmoid network was measured');
  const standing = (which: string) => compared.filter(({ comparison }) => standingOf(comparison) === which);
  const leads = standing('leads').length;
  const trailing = standing('trails');
  const ratios = compared.map(({ comparison }) => comparison.lstm.mean / comparison.baseline.mean);
  const others = compared.filter(({ comparison }) => standingOf(comparison) !== 'leads');
  const reasons = [
    ...obstacles,
    `On ${leads} of ${inPaper.length} sigmoid networks the LSTM's final loss is below that of the better of ADAM and NAG by more than two standard errors of the paired difference, on ${trailing.length} above it by as much`,
    ...(ratios.length > 0
      ? [`LSTM / better baseline from ${number(Math.min(...ratios))} to ${number(Math.max(...ratios))}`]
      : []),
    ...others.map(({ cell, comparison }) => describeCell(cell, comparison)),
  ];
  const holds = trailing.length === 0 && leads >= leadingShare * inPaper.length;
  return {
    outcome: obstacles.size > 0 ? 'inconclusive' : holds ? 'holds' : 'does not hold',
    reason: reasons.map((reason) => `${reason}.`).join(' '),
  };
}

function describeCell({ layers, units }: GridCell, comparison: Comparison): string {
  const { lstm, baseline, best, difference } = comparison;
  return (
    `${describeLayers(layers)} of ${units}: the LSTM ${standingOf(comparison)}, ${number(lstm.mean)} against ${number(baseline.mean)} (${subjectLabels[best]}), ` +
    `paired difference ${number(difference.mean)} with standard error ${number(difference.standardError)}`
  );
}

export function describeLayers(layers: number): string {
  return layers === 1 ? '1 layer' : `${layers} layers`;
}

export function tabulateGrid(grid: readonly MeasuredCell[], { horizonSteps }: Horizon): Table {
  return {
    title: `Final loss after ${horizonSteps} steps: mean and standard deviation over seeds`,
    columns: [
      { label: 'activation' },
      { label: 'layers', digits: 1 },
      { label: 'units' },
      { label: 'LSTM' },
      { label: '±', digits: 2 },
      { label: 'ADAM' },
      { label: '±', digits: 2 },
      { label: 'NAG' },
      { label: '±', digits: 2 },
      { label: 'LSTM − better of the two' },
      { label: 'standard error', digits: 2 },
      { label: 'the LSTM' },
    ],
    rows: grid.map(({ activation, layers, units, measurements }) => {
      const methods = (['lstm', 'adam', 'nag'] as const).flatMap((subject) => {
        const losses = summarizeLosses(measurements, subject, horizonSteps);
        return [losses?.mean, losses?.standardDeviation];
      });
      const comparison = compareWithBest(measurements, horizonSteps);
      const { mean, standardError } = comparison?.difference ?? {};
      const standing = comparison && standingOf(comparison);
      return [activationLabels[activation], layers, units, ...methods, mean, standardError, standing];
    }),
  };
}
