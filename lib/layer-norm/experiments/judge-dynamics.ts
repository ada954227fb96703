/** The three statements of §3.1 against the measurements. */
import { spreadOf } from '../../numerics/spread.ts';
import type { Verdict } from '../../pipeline/experiment.ts';
import { formatSignificant } from '../../report/format-numbers.ts';
import { cellLabels, dynamicsCells, dynamicsMetrics, pauseLabel } from './dynamics-metrics.ts';
import type { BySeed, DynamicsNumbers, DynamicsSummaryParams } from './dynamics-numbers.ts';

export interface DynamicsStatement {
  readonly statement: string;
  readonly measured: string;
  /** undefined where something was not measured. */
  readonly agrees: boolean | undefined;
}

const fewestSeeds = 3;
/** A loss of accuracy beyond the training length that is no trouble. */
const mostFall = 0.02;
/** Ten classes: what guesses are right by, and what somebody has clearly learnt. */
const chance = 0.1;
const clearlyLearnt = 0.5;
const number = formatSignificant;

export function judgeDynamics(numbers: DynamicsNumbers, params: DynamicsSummaryParams): Verdict {
  const statements = judgeDynamicsStatements(numbers, params);
  const measured = statements.filter(({ agrees }) => agrees !== undefined);
  const refuted = statements.filter(({ agrees }) => agrees === false);
  const seeds = numbers.at(dynamicsMetrics.accuracy(params.pauses[0]!), 'layer', params.steps).size;
  const obstacles = [
    ...(numbers.hasStandIn ? ['The digits stand in for MNIST'] : []),
    ...(seeds < fewestSeeds ? [`Too few seeds: ${seeds}, at least ${fewestSeeds} are needed`] : []),
    ...(measured.length < statements.length
      ? [`Measured are ${measured.length} of ${statements.length} statements`]
      : []),
  ];
  const reasons = [
    ...obstacles,
    ...refuted.map(({ statement }) => `Not so: ${statement}`),
    ...measured.map(({ measured: text }) => text),
  ];
  return {
    outcome: obstacles.length > 0 ? 'inconclusive' : refuted.length > 0 ? 'does not hold' : 'holds',
    reason: reasons.map((reason) => `${reason}.`).join(' '),
  };
}

export function judgeDynamicsStatements(
  numbers: DynamicsNumbers,
  params: DynamicsSummaryParams,
): readonly DynamicsStatement[] {
  return [
    judgeGrowth(numbers, params, 'summedGrowth', 'summed inputs'),
    judgeGrowth(numbers, params, 'gradientGrowth', 'gradients'),
    judgeLength(numbers, params),
    judgeBatchNorm(numbers, params),
    judgeOnline(numbers),
  ];
}

function judgeGrowth(
  numbers: DynamicsNumbers,
  { scales }: DynamicsSummaryParams,
  quantity: 'summedGrowth' | 'gradientGrowth',
  what: string,
): DynamicsStatement {
  const cells = dynamicsCells.map((cell) => ({
    cell,
    plain: numbers.unsteadiness(quantity, cell, 'none', 'recurrent', scales),
    normalised: numbers.unsteadiness(quantity, cell, 'layer', 'recurrent', scales),
  }));
  const isMissing = cells.some(({ plain, normalised }) => plain.size === 0 || normalised.size !== plain.size);
  // A growth of q a step and one of 1/q are as far from steady.
  const factor = (values: BySeed) => number(Math.exp(spreadOf([...values.values()])?.mean ?? Number.NaN));
  const listed = cells.map(
    ({ cell, plain, normalised }) => `${cellLabels[cell]} ×÷ ${factor(plain)} plain, ${factor(normalised)} normalised`,
  );
  return {
    statement: `From step to step ${what} grow or shrink less under layer normalization, whatever the recurrent weights are multiplied by`,
    measured: `In untrained networks ${what} change by a factor a step of ${listed.join('; ')} (geometric mean over recurrent weights × ${scales.join(', ')})`,
    agrees: isMissing
      ? undefined
      : cells.every(({ plain, normalised }) => [...plain].every(([seed, value]) => normalised.get(seed)! < value)),
  };
}

function describeAccuracy(
  numbers: DynamicsNumbers,
  params: DynamicsSummaryParams,
  subject: 'layer' | 'batch' | 'none',
) {
  const pause = params.pauses[0]!;
  const within = numbers.mean(dynamicsMetrics.accuracy(pause), subject, params.steps);
  const beyond = spreadOf([...numbers.beyondTraining(subject, pause, params).values()]);
  return `${number(within)} to ${number(beyond?.mean)}`;
}

function judgeLength(numbers: DynamicsNumbers, params: DynamicsSummaryParams): DynamicsStatement {
  const falls = params.pauses.map((pause) =>
    spreadOf([...numbers.fallBeyondTraining('layer', pause, params).values()]),
  );
  return {
    statement: `Layer normalization is not in trouble on sequences longer than any in training: accuracy falls by less than ${mostFall}`,
    measured: `On streams of ${params.testSteps} steps, trained on ${params.steps}, layer norm’s accuracy goes from ${describeAccuracy(numbers, params, 'layer')}, plain ${describeAccuracy(numbers, params, 'none')}`,
    agrees: falls.some((fall) => !fall) ? undefined : falls.every((fall) => fall!.mean < mostFall),
  };
}

function judgeBatchNorm(numbers: DynamicsNumbers, params: DynamicsSummaryParams): DynamicsStatement {
  const pause = params.pauses[0]!;
  const layer = numbers.fallBeyondTraining('layer', pause, params);
  const batch = numbers.fallBeyondTraining('batch', pause, params);
  const differences = [...batch].flatMap(([seed, fall]) => (layer.has(seed) ? [fall - layer.get(seed)!] : []));
  const difference = spreadOf(differences);
  return {
    statement: `Recurrent batch normalization is: with the last step’s statistics beyond training it loses more, in every seed (${pauseLabel(pause)})`,
    measured: `Recurrent batch norm’s goes from ${describeAccuracy(numbers, params, 'batch')}: it loses ${number(difference?.mean)} ± ${number(difference?.standardDeviation, 2)} more than layer norm`,
    agrees: difference ? differences.every((value) => value > mostFall) : undefined,
  };
}

function judgeOnline(numbers: DynamicsNumbers): DynamicsStatement {
  const metric = dynamicsMetrics.online(1);
  const [layer, plain, batch] = (['layer', 'none', 'batch'] as const).map((name) =>
    spreadOf([...numbers.at(metric, name).values()]),
  );
  return {
    statement: 'Layer normalization can be trained with a batch size of 1, where batch normalization learns nothing',
    measured: `Trained with a batch size of 1 the accuracy is ${number(layer?.mean)} with layer norm, ${number(plain?.mean)} plain, ${number(batch?.mean)} with recurrent batch norm`,
    agrees: layer && batch ? layer.mean > clearlyLearnt && batch.mean < 2 * chance : undefined,
  };
}
