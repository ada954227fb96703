/** The names of what `geometry` measures, and the numbers read back by them. */
import type { Measurement } from '../../pipeline/experiment.ts';
import { type SeedSpread, spreadOverSeeds } from '../../report/seed-spread.ts';
import type { Normalization } from '../analysis/normalized-layer.ts';
import type { FamilyName } from '../analysis/output-families.ts';

export const modelLabels: Readonly<Record<Normalization, string>> = {
  layer: 'layer norm',
  batch: 'batch norm',
  weight: 'weight norm',
  none: 'standard',
};
/** The order of tables and legends: what the paper proposes first. */
export const modelNames = Object.keys(modelLabels) as readonly Normalization[];

export const geometryMetrics = {
  /** Steps are |δ| */
  divergence: (family: FamilyName) => `KL divergence, ${family} outputs`,
  metricError: (family: FamilyName) => `|KL − ds²|, ${family} outputs`,
  definition: (family: FamilyName) => `error of the Fisher matrix, ${family} outputs`,
  ownUnit: (family: FamilyName) => `error of Eqs 13 and 14 as printed, ${family} outputs`,
  /** Steps are numbers of units */
  ownBlocks: 'error of Eq. 13, own blocks',
  wholeMatrix: 'error of Eq. 13, whole matrix',
  exactAlongWeights: 'relative curvature along W, exact',
  printedAlongWeights: 'relative curvature along W, Eq. 13',
  /** Steps are factors of the weights */
  angle: 'angle of an SGD step',
  ownWeights: 'norm of own Fisher block',
  radial: 'relative radial curvature',
  gain: (family: FamilyName) => `factor of the metric along the gain, ${family} outputs`,
  /** Steps are updates; `rate` is the learning rate */
  weightNorm: (rate: number) => `weight norm, learning rate ${rate}`,
  turning: (rate: number) => `angle of an update, learning rate ${rate}`,
  loss: (rate: number) => `final loss, learning rate ${rate}`,
  leastGrowth: (rate: number) => `least relative growth of the weight norm in an update, learning rate ${rate}`,
} as const;

export interface Curve {
  /** One a step, ascending */
  readonly points: readonly SeedSpread[];
}

export interface GeometryNumbers {
  /** Over seeds, where step 0 is the only one. */
  value(metric: string, subject: Normalization): SeedSpread | undefined;
  curve(metric: string, subject: Normalization): readonly SeedSpread[];
}

export function readGeometry(measurements: readonly Measurement[]): GeometryNumbers {
  const curves = Map.groupBy(spreadOverSeeds(measurements), ({ metric, subject }) => `${subject}: ${metric}`);
  const curve = (metric: string, subject: Normalization) =>
    (curves.get(`${subject}: ${metric}`) ?? []).toSorted((a, b) => a.step - b.step);
  return { curve, value: (metric, subject) => curve(metric, subject)[0] };
}

/**
 * The p of value ∝ stepᵖ: the slope of a least-squares line through the logarithms of the means. undefined below two
 * steps with a positive mean.
 */
export function fitExponent(points: readonly SeedSpread[]): number | undefined {
  const logs = points.flatMap(({ step, mean }) =>
    mean && mean > 0 && step > 0 ? [[Math.log(step), Math.log(mean)]] : [],
  );
  if (logs.length < 2) return undefined;
  const center = (k: 0 | 1) => logs.reduce((sum, point) => sum + point[k]! / logs.length, 0);
  const [x, y] = [center(0), center(1)];
  const covariance = logs.reduce((sum, [a, b]) => sum + (a! - x) * (b! - y), 0);
  return covariance / logs.reduce((sum, [a]) => sum + (a! - x) ** 2, 0);
}
