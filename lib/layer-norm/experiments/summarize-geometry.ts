/** The tables over `geometry`; pure functions of the measurements. */
import type { Measurement, Summary, Table } from '../../pipeline/experiment.ts';
import { formatSignificant } from '../../report/format-numbers.ts';
import { familyNames } from '../analysis/output-families.ts';
import { chartGeometry } from './chart-geometry.ts';
import {
  fitExponent,
  type GeometryNumbers,
  geometryMetrics,
  modelLabels,
  modelNames,
  readGeometry,
} from './geometry-metrics.ts';
import { isExact, judgeGeometry, judgeStatements } from './judge-geometry.ts';

export interface GeometrySummaryParams {
  readonly learningRates: readonly number[];
  readonly inputFactor: number;
}

export function summarizeGeometry(measurements: readonly Measurement[], params: GeometrySummaryParams): Summary {
  const numbers = readGeometry(measurements);
  return {
    verdict: judgeGeometry(numbers, params),
    tables: [
      tabulateStatements(numbers, params),
      tabulateMetric(numbers),
      tabulateWidths(numbers),
      tabulateTrainings(numbers, params),
    ].filter(({ rows }) => rows.length > 0),
    charts: chartGeometry(numbers, params),
    remarks: remark(numbers, params),
  };
}

function tabulateStatements(numbers: GeometryNumbers, params: GeometrySummaryParams): Table {
  return {
    title: 'What §5.2 says, and what was measured',
    columns: ['statement', 'where', 'measured', 'agrees'].map((label) => ({ label })),
    rows: judgeStatements(numbers, params)
      .filter(({ agrees }) => agrees !== undefined)
      .map(({ statement, place, measured, agrees }) => [statement, place, measured, agrees ? 'yes' : 'no']),
  };
}

function tabulateMetric(numbers: GeometryNumbers): Table {
  return {
    title: 'The metric and its matrix by model and outputs; means over seeds',
    columns: [
      { label: 'model' },
      { label: 'outputs' },
      { label: 'p of |KL − ds²| ∝ |δ|ᵖ' },
      { label: 'share of KL, longest δ', digits: 2 },
      { label: 'error of F, all units', digits: 2 },
      { label: 'error of Eqs 13, 14', digits: 2 },
      { label: 'gain, inputs scaled' },
    ],
    rows: modelNames.flatMap((model) =>
      familyNames.flatMap((family) => {
        const errors = numbers.curve(geometryMetrics.metricError(family), model);
        const divergences = numbers.curve(geometryMetrics.divergence(family), model);
        const [error, divergence] = [errors.at(-1)?.mean, divergences.at(-1)?.mean];
        if (typeof error !== 'number' || typeof divergence !== 'number') return [];
        const at = (metric: string) => numbers.value(metric, model)?.mean ?? undefined;
        return [
          [
            modelLabels[model],
            family,
            isExact(errors, divergences) ? 'exact' : fitExponent(errors),
            error / divergence,
            at(geometryMetrics.definition(family)),
            at(geometryMetrics.ownUnit(family)),
            at(geometryMetrics.gain(family)),
          ],
        ];
      }),
    ),
  };
}

function tabulateWidths(numbers: GeometryNumbers): Table {
  const at = (metric: string, units: number) =>
    numbers.curve(metric, 'layer').find(({ step }) => step === units)?.mean ?? undefined;
  return {
    title: 'Layer normalization: what Eq. 13 leaves out, by the number of units; means over seeds',
    columns: [
      { label: 'units H' },
      { label: 'error, own blocks' },
      { label: 'error, whole matrix' },
      { label: 'curvature along W, Eq. 13' },
      { label: 'exact', digits: 2 },
    ],
    rows: numbers
      .curve(geometryMetrics.ownBlocks, 'layer')
      .map(({ step, mean }) => [
        step,
        mean ?? undefined,
        at(geometryMetrics.wholeMatrix, step),
        at(geometryMetrics.printedAlongWeights, step),
        at(geometryMetrics.exactAlongWeights, step),
      ]),
  };
}

function tabulateTrainings(numbers: GeometryNumbers, { learningRates }: GeometrySummaryParams): Table {
  return {
    title: 'Gradient descent: loss, norm of the weight vectors and angle of an update; means over seeds',
    columns: [
      { label: 'learning rate' },
      { label: 'model' },
      { label: 'final loss' },
      { label: 'first norm' },
      { label: 'last norm' },
      { label: 'first angle', digits: 2 },
      { label: 'last angle', digits: 2 },
    ],
    rows: learningRates
      .toSorted((a, b) => a - b)
      .flatMap((rate) =>
        modelNames.flatMap((model) => {
          const norms = numbers.curve(geometryMetrics.weightNorm(rate), model);
          const angles = numbers.curve(geometryMetrics.turning(rate), model);
          const loss = numbers.value(geometryMetrics.loss(rate), model);
          if (norms.length === 0 || !loss) return [];
          const means = [loss, norms[0], norms.at(-1), angles[0], angles.at(-1)].map((row) => row?.mean ?? undefined);
          return [[rate, modelLabels[model], ...means]];
        }),
      ),
  };
}

function remark(numbers: GeometryNumbers, { inputFactor }: GeometrySummaryParams): readonly string[] {
  const number = formatSignificant;
  const remarks: string[] = [];
  const block = fitExponent(numbers.curve(geometryMetrics.ownWeights, 'weight'));
  if (block !== undefined) {
    remarks.push(
      `§5.2.2 says that the curvature along w_i changes by ½ where ‖w_i‖ doubles; the own block changes by ${number(2 ** block)} (Eq. 13 divides it by σ_i twice). Along w_i itself there is no curvature at all, before or after.`,
    );
  }
  const whole = numbers.curve(geometryMetrics.wholeMatrix, 'layer');
  const along = numbers.curve(geometryMetrics.printedAlongWeights, 'layer');
  const exact = numbers.curve(geometryMetrics.exactAlongWeights, 'layer');
  const [own, all] = [fitExponent(numbers.curve(geometryMetrics.ownBlocks, 'layer')), fitExponent(whole)];
  if (own !== undefined && all !== undefined && along.length > 0 && exact.length > 0) {
    remarks.push(
      `Under layer normalization Eq. 13’s error falls with the width as H^${number(own)} in a unit’s own block, but only as H^${number(all)} over the whole matrix, and not at all along the directions that layer normalization is invariant to: along W the exact curvature is ${number(exact.at(-1)!.mean, 2)} of a random direction’s, Eq. 13’s ${number(along.at(-1)!.mean)} at H = ${along.at(-1)!.step}. A natural gradient built from it would hold back steps that change nothing.`,
    );
  }
  const bernoulliGains = modelNames.map((model) => numbers.value(geometryMetrics.gain('bernoulli'), model)?.mean);
  if (bernoulliGains.every((value) => typeof value === 'number')) {
    remarks.push(
      `“The scale of the inputs” is exact for Gaussian outputs only. With Bernoulli outputs Cov[y | x] depends on the inputs too, wherever outputs do: inputs × ${number(inputFactor)} change the metric by ${modelNames.map((model, index) => `${number(bernoulliGains[index])} (${modelLabels[model]})`).join(', ')}. Weight normalization is a normalised model whose gain does know the scale of the inputs: §5.2.2 rightly names batch and layer normalization alone.`,
    );
  }
  return remarks;
}
