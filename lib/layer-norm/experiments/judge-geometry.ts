/** Which statements of §5.2 agree with what was measured; pure functions of the measurements. */
import type { Verdict } from '../../pipeline/experiment.ts';
import { formatSignificant } from '../../report/format-numbers.ts';
import type { SeedSpread } from '../../report/seed-spread.ts';
import type { Normalization } from '../analysis/normalized-layer.ts';
import { familyNames } from '../analysis/output-families.ts';
import { fitExponent, type GeometryNumbers, geometryMetrics, modelLabels, modelNames } from './geometry-metrics.ts';

/** A statement, and the number that decides it. */
export interface JudgedStatement {
  readonly statement: string;
  readonly place: string;
  readonly measured: string;
  /** undefined where something was not measured. */
  readonly agrees: boolean | undefined;
}

interface GeometrySettings {
  readonly learningRates: readonly number[];
  readonly inputFactor: number;
}

const fewestSeeds = 3;
/** Of an identity: what finite differences and rounding leave. */
const mostError = 1e-6;
const normalised = ['layer', 'batch', 'weight'] as const satisfies readonly Normalization[];
/** The models whose statistics of a unit depend on that unit's weights alone. */
const ownStatistics = ['batch', 'weight'] as const satisfies readonly Normalization[];
/** What the verdict quotes; the table has the rest. */
const deciding = new Set(['Eq. 8', 'Turning', 'Gain']);
const number = formatSignificant;

export function judgeStatements(numbers: GeometryNumbers, settings: GeometrySettings): readonly JudgedStatement[] {
  return [
    judgeMetric(numbers),
    judgeBlocks(numbers),
    judgeExponent(numbers, {
      place: 'Turning',
      statement: 'A step of one rate turns larger weights less: angle ∝ ‖w‖ᵖ, p = −2',
      metric: geometryMetrics.angle,
    }),
    judgeExponent(numbers, {
      place: 'Curvature',
      statement:
        'Curvature along the weights falls as they grow: own block ∝ ‖w‖ᵖ, p = −2 by Eq. 13 (the text: × ½ for ‖w‖ × 2)',
      metric: geometryMetrics.ownWeights,
    }),
    judgeRadial(numbers),
    judgeGrowth(numbers, settings),
    judgeStability(numbers, settings),
    judgeGain(numbers, settings),
  ];
}

export function judgeGeometry(numbers: GeometryNumbers, settings: GeometrySettings): Verdict {
  const statements = judgeStatements(numbers, settings);
  const seeds = numbers.value(geometryMetrics.definition('bernoulli'), 'layer')?.count ?? 0;
  const missing = statements.filter(({ agrees }) => agrees === undefined);
  const refuted = statements.filter(({ agrees }) => agrees === false);
  const reason = [
    `${statements.length - missing.length - refuted.length} of ${statements.length} statements agree over ${seeds} seeds.`,
    ...refuted.map(({ statement, measured }) => `Not so: ${statement}; measured ${measured}.`),
    ...statements
      .filter(({ agrees, place }) => agrees && deciding.has(place))
      .map(({ place, measured }) => `${place}: ${measured}.`),
    ...describeOwnUnitError(numbers),
  ];
  if (seeds < fewestSeeds || missing.length > 0) {
    const obstacle = `Measured are ${statements.length - missing.length} of ${statements.length} statements over ${seeds} seeds; at least ${fewestSeeds} are needed.`;
    return { outcome: 'inconclusive', reason: [obstacle, ...reason].join(' ') };
  }
  return { outcome: refuted.length === 0 ? 'holds' : 'does not hold', reason: reason.join(' ') };
}

/** What Eq. 13 is not, under layer normalization. */
function describeOwnUnitError(numbers: GeometryNumbers): readonly string[] {
  const own = numbers.curve(geometryMetrics.ownBlocks, 'layer');
  const along = numbers.curve(geometryMetrics.printedAlongWeights, 'layer').at(-1);
  if (own.length === 0 || !along) return [];
  const errors = own.map(({ step, mean }) => `${number(100 * mean!, 2)} % at H = ${step}`).join(', ');
  return [
    `For layer normalization Eq. 13 is an approximation, because μ and σ of Eq. 14 depend on the weights of all units: its own blocks are off by ${errors}, and along W, where the exact curvature is 0, it keeps ${number(100 * along.mean!, 2)} % of a random direction’s at H = ${along.step}.`,
  ];
}

function judgeMetric(numbers: GeometryNumbers): JudgedStatement {
  const exponents: number[] = [];
  let exact = 0;
  for (const model of modelNames) {
    for (const family of familyNames) {
      const errors = numbers.curve(geometryMetrics.metricError(family), model);
      const divergences = numbers.curve(geometryMetrics.divergence(family), model);
      if (isExact(errors, divergences)) exact++;
      else exponents.push(fitExponent(errors) ?? Number.NaN);
    }
  }
  const all = modelNames.length * familyNames.length;
  const least = Math.min(...exponents);
  return {
    statement: 'ds² = ½ δᵀFδ is the divergence to second order: its error is of third order in |δ|',
    place: 'Eq. 8',
    measured: `the error falls as |δ|ᵖ with p ≥ ${number(least)} in ${exponents.length} of ${all} models${exact > 0 ? `, and is rounding in ${exact}` : ''}`,
    agrees: Number.isNaN(least) || exponents.length + exact < all ? undefined : least > 2.8,
  };
}

/** A Gaussian standard GLM is quadratic in its parameters: nothing is left but rounding. */
export function isExact(errors: readonly SeedSpread[], divergences: readonly SeedSpread[]): boolean {
  const [error, divergence] = [errors.at(-1)?.mean, divergences.at(-1)?.mean];
  return typeof error === 'number' && typeof divergence === 'number' && error < 1e-9 * divergence;
}

function judgeBlocks(numbers: GeometryNumbers): JudgedStatement {
  const worst = greatest(
    numbers,
    (['none', ...ownStatistics] as const).flatMap((model) =>
      familyNames.map((family) => [geometryMetrics.ownUnit(family), model] as const),
    ),
  );
  return {
    statement: 'Eqs 12–14 give the Fisher matrix of Eq. 9: standard model, batch and weight normalization',
    place: 'Eqs 12–14',
    measured: `relative error at most ${number(worst)}`,
    agrees: worst === undefined ? undefined : worst < mostError,
  };
}

function judgeExponent(
  numbers: GeometryNumbers,
  { place, statement, metric }: { readonly place: string; readonly statement: string; readonly metric: string },
): JudgedStatement {
  const exponents = normalised.map((model) => fitExponent(numbers.curve(metric, model)));
  const standard = fitExponent(numbers.curve(metric, 'none'));
  const listed = normalised.map((model, index) => `${modelLabels[model]} ${number(exponents[index])}`);
  return {
    statement,
    place,
    measured: `${metric}: p = ${listed.join(', ')} (standard ${number(standard)})`,
    agrees: exponents.some((value) => value === undefined)
      ? undefined
      : exponents.every((value) => Math.abs(value! + 2) < 0.1),
  };
}

function judgeRadial(numbers: GeometryNumbers): JudgedStatement {
  const worst = greatest(
    numbers,
    ownStatistics.map((model) => [geometryMetrics.radial, model] as const),
  );
  return {
    statement: 'Batch and weight normalization: no curvature along w_i itself, whatever its norm',
    place: 'Radial curvature',
    measured: `w_iᵀF_ii w_i at most ${number(worst)} of ‖w_i‖² ‖F_ii‖`,
    agrees: worst === undefined ? undefined : worst < mostError,
  };
}

function judgeGrowth(numbers: GeometryNumbers, { learningRates }: GeometrySettings): JudgedStatement {
  const growths = normalised.flatMap((model) =>
    learningRates.map((rate) => numbers.value(geometryMetrics.leastGrowth(rate), model)?.least ?? Number.NaN),
  );
  const least = Math.min(...growths);
  return {
    statement: 'No update of a normalised model makes its weights smaller',
    place: 'Growth of the weights',
    measured: `least relative growth in an update ${number(least)}`,
    agrees: Number.isNaN(least) ? undefined : least > -1e-12,
  };
}

function judgeStability(numbers: GeometryNumbers, { learningRates }: GeometrySettings): JudgedStatement {
  const rate = Math.max(...learningRates);
  const shareOfBest = (model: Normalization) => {
    const losses = learningRates.map((other) => numbers.value(geometryMetrics.loss(other), model)?.mean ?? Number.NaN);
    return losses[learningRates.indexOf(rate)]! / Math.min(...losses);
  };
  const shares = normalised.map(shareOfBest);
  const standard = shareOfBest('none');
  const listed = normalised.map((model, index) => `${modelLabels[model]} × ${number(shares[index])}`);
  const isMissing = learningRates.length < 2 || [...shares, standard].some(Number.isNaN);
  return {
    statement: 'At a rate that is much too high normalised models lose less of their best loss than the standard one',
    place: 'Stability',
    measured: `loss at rate ${number(rate)} against the best: ${listed.join(', ')}, standard × ${number(standard)}`,
    agrees: isMissing ? undefined : shares.every((share) => share < standard),
  };
}

function judgeGain(numbers: GeometryNumbers, { inputFactor }: GeometrySettings): JudgedStatement {
  const factors = modelNames.map((model) => numbers.value(geometryMetrics.gain('gaussian'), model)?.mean ?? Number.NaN);
  const listed = modelNames.map((model, index) => `${modelLabels[model]} × ${number(factors[index])}`);
  const expected = modelNames.map((model) => (model === 'layer' || model === 'batch' ? 1 : inputFactor ** 2));
  return {
    statement:
      'The metric along the gain does not know the scale of the inputs under batch and layer normalization; along the magnitude of standard weights it does',
    place: 'Gain',
    measured: `inputs × ${number(inputFactor)} change its metric by ${listed.join(', ')}`,
    agrees: factors.some(Number.isNaN)
      ? undefined
      : factors.every((factor, index) => Math.abs(factor / expected[index]! - 1) < mostError),
  };
}

/** Over seeds and subjects; undefined where one is missing. */
function greatest(
  numbers: GeometryNumbers,
  wanted: readonly (readonly [metric: string, subject: Normalization])[],
): number | undefined {
  const spreads = wanted.flatMap(([metric, subject]) => {
    const curve = numbers.curve(metric, subject);
    return curve.length > 0 ? curve.map((row) => row.greatest ?? Number.NaN) : [Number.NaN];
  });
  const worst = Math.max(...spreads);
  return Number.isNaN(worst) ? undefined : worst;
}
