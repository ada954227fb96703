/** What one change of Table 1 does to the outputs and to the Fisher matrix of one layer, under one normalization. */
import { factorFisher, fisherBlock } from '../analysis/fisher-matrix.ts';
import { differentiateLayer } from '../analysis/jacobian.ts';
import { applyLayer, type Cases, type LayerOptions, type Normalization } from '../analysis/normalized-layer.ts';
import { categorical } from '../analysis/output-families.ts';
import type { RandomModel } from '../analysis/random-layer.ts';
import {
  changedCase,
  changedUnit,
  type TransformationName,
  type TransformationSettings,
  transformModel,
} from '../analysis/transformations.ts';
import { norm, relativeError } from '../analysis/vectors.ts';

/** What batch, weight and layer normalization are; `none` is not in Table 1. */
export type TableMethod = Exclude<Normalization, 'none'>;

/**
 * ‖h′ − h‖ / ‖h‖ over all cases and units, h = tanh of Eq. 5; where one case is changed, of that case. Batch statistics are
 * those of the changed data.
 */
export function measureOutputChange(
  method: TableMethod,
  transformation: TransformationName,
  model: RandomModel,
  settings: TransformationSettings,
  options: LayerOptions = {},
): number {
  const changed = transformModel(transformation, model, settings);
  return compareOutputs(
    hiddenValues(method, model, options),
    hiddenValues(method, changed, options),
    transformation === 'single training case re-scaling' ? model.parameters.bias.length : undefined,
  );
}

/** The same with the batch statistics of the unchanged data, which is how a trained network is tested. */
export function measureFrozenChange(
  transformation: TransformationName,
  model: RandomModel,
  settings: TransformationSettings,
): number {
  const { mean, deviation, units } = applyLayer('batch', model.parameters, model.cases);
  const batchStatistics = { mean: mean.subarray(0, units), deviation: deviation.subarray(0, units) };
  return measureOutputChange('batch', transformation, model, settings, { batchStatistics });
}

/** The same where the inputs of each case are normalised over its features, and the summed inputs are not. */
export function measureInputNormalizationChange(
  transformation: TransformationName,
  model: RandomModel,
  settings: TransformationSettings,
): number {
  const normalised = (cases: Cases): Cases => {
    const { count, features } = cases;
    // A layer of the features themselves, with weights of 1.
    const weights = Float64Array.from({ length: features ** 2 }, (_, index) => (index % (features + 1) === 0 ? 1 : 0));
    const [bias, gain] = [new Float64Array(features), new Float64Array(features).fill(1)];
    return { count, features, inputs: applyLayer('layer', { weights, bias, gain }, cases).outputs };
  };
  const outputs = ({ parameters, cases }: RandomModel) =>
    applyLayer('none', parameters, normalised(cases)).outputs.map(Math.tanh);
  return compareOutputs(outputs(model), outputs(transformModel(transformation, model, settings)), undefined);
}

/** How one block of the Fisher matrix changed. */
export interface BlockChange {
  /** c of the nearest multiple F′ ≈ c F */
  readonly factor: number;
  /** ‖F′ − c F‖ / ‖F′‖: 0 where the block was multiplied and nothing else. */
  readonly residual: number;
}

export const fisherParts = ['own weights', 'weights of another unit', 'own bias and gain'] as const;
export type FisherPart = (typeof fisherParts)[number];

/**
 * The changed unit's weights against themselves, against another unit's weights, and against its own bias and gain: three
 * parts of Eq. 13. The outputs are categorical, so that Cov[y_i, y_j | x] is not 0.
 */
export function measureFisherChange(
  method: TableMethod,
  transformation: TransformationName,
  model: RandomModel,
  settings: TransformationSettings,
): Readonly<Record<FisherPart, BlockChange>> {
  const before = readParts(method, model);
  const after = readParts(method, transformModel(transformation, model, settings));
  const change = (part: FisherPart) => compareBlocks(before[part], after[part]);
  return {
    'own weights': change('own weights'),
    'weights of another unit': change('weights of another unit'),
    'own bias and gain': change('own bias and gain'),
  };
}

function readParts(method: TableMethod, { parameters, cases }: RandomModel): Record<FisherPart, Float64Array> {
  const activations = applyLayer(method, parameters, cases);
  const factors = factorFisher(differentiateLayer(method, parameters, cases, activations), activations, categorical);
  const { features } = cases;
  const own = fisherBlock(factors, changedUnit, changedUnit);
  const other = fisherBlock(factors, changedUnit, changedUnit + 1);
  const rows = (from: number, to: number, values: Float64Array) =>
    values.filter((_, index) => {
      const column = index % own.size;
      return index < features * own.size && column >= from && column < to;
    });
  return {
    'own weights': rows(0, features, own.values),
    'weights of another unit': rows(0, features, other.values),
    'own bias and gain': rows(features, own.size, own.values),
  };
}

function compareBlocks(before: Float64Array, after: Float64Array): BlockChange {
  const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  const factor = product(after, before) / product(before, before);
  return { factor, residual: norm(after.map((value, index) => value - factor * before[index]!)) / norm(after) };
}

function hiddenValues(method: TableMethod, { parameters, cases }: RandomModel, options: LayerOptions): Float64Array {
  return applyLayer(method, parameters, cases, options).outputs.map(Math.tanh);
}

/** @param units of the changed case alone, where given */
function compareOutputs(before: Float64Array, after: Float64Array, units: number | undefined): number {
  const part = (values: Float64Array) =>
    units === undefined ? values : values.subarray(changedCase * units, (changedCase + 1) * units);
  return relativeError(part(after), part(before));
}
