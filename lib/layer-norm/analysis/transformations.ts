/** The six changes of Table 1: three of the weights, three of the data. */
import type { RandomModel } from './random-layer.ts';

export const transformationNames = [
  'weight matrix re-scaling',
  'weight matrix re-centering',
  'weight vector re-scaling',
  'dataset re-scaling',
  'dataset re-centering',
  'single training case re-scaling',
] as const;
export type TransformationName = (typeof transformationNames)[number];

export interface TransformationSettings {
  /** δ, what is re-scaled is multiplied by it */
  readonly factor: number;
  /** γ [features], added to the incoming weights of every unit: W + 1γᵀ (Eq. 6) */
  readonly weightShift: Float64Array;
  /** [features], added to every case */
  readonly inputShift: Float64Array;
}

/** The unit and the case that are changed where only one is. */
export const changedUnit = 0;
export const changedCase = 0;

/** A changed copy of the model. */
export function transformModel(
  name: TransformationName,
  { parameters, cases }: RandomModel,
  { factor, weightShift, inputShift }: TransformationSettings,
): RandomModel {
  const { features } = cases;
  const weights = (change: (value: number, unit: number, feature: number) => number): RandomModel => ({
    parameters: { ...parameters, weights: mapRows(parameters.weights, features, change) },
    cases,
  });
  const inputs = (change: (value: number, row: number, feature: number) => number): RandomModel => ({
    parameters,
    cases: { ...cases, inputs: mapRows(cases.inputs, features, change) },
  });
  switch (name) {
    case 'weight matrix re-scaling':
      return weights((value) => factor * value);
    case 'weight matrix re-centering':
      return weights((value, _, feature) => value + weightShift[feature]!);
    case 'weight vector re-scaling':
      return weights((value, unit) => (unit === changedUnit ? factor * value : value));
    case 'dataset re-scaling':
      return inputs((value) => factor * value);
    case 'dataset re-centering':
      return inputs((value, _, feature) => value + inputShift[feature]!);
    case 'single training case re-scaling':
      return inputs((value, row) => (row === changedCase ? factor * value : value));
  }
}

function mapRows(
  matrix: Float64Array,
  columns: number,
  change: (value: number, row: number, column: number) => number,
): Float64Array {
  return matrix.map((value, index) => change(value, Math.floor(index / columns), index % columns));
}
