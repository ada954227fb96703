/** Table 1 as the paper has it, and how the measurements of it are found. */
import type { Measurement } from '../../pipeline/experiment.ts';
import { type SeedSpread, spreadOverSeeds } from '../../report/seed-spread.ts';
import type { TransformationName } from '../analysis/transformations.ts';
import type { FisherPart, TableMethod } from './measure-invariances.ts';

export const tableMethods = ['batch', 'weight', 'layer'] as const satisfies readonly TableMethod[];
export const methodLabels: Readonly<Record<TableMethod, string>> = {
  batch: 'batch norm',
  weight: 'weight norm',
  layer: 'layer norm',
};

/** Table 1: the methods that are invariant to each change. */
export const paperInvariant: Readonly<Record<TransformationName, readonly TableMethod[]>> = {
  'weight matrix re-scaling': ['batch', 'weight', 'layer'],
  'weight matrix re-centering': ['layer'],
  'weight vector re-scaling': ['batch', 'weight'],
  'dataset re-scaling': ['batch', 'layer'],
  'dataset re-centering': ['batch'],
  'single training case re-scaling': ['layer'],
};

export const invarianceMetrics = {
  change: (name: TransformationName) => `relative change of outputs, ${name}`,
  epsilon: (name: TransformationName) => `relative change of outputs with epsilon 1e-5, ${name}`,
  frozen: (name: TransformationName) => `relative change of outputs with frozen statistics, ${name}`,
  inputs: (name: TransformationName) => `relative change of outputs with normalised inputs, ${name}`,
  negative: 'relative change of outputs, weight matrix re-scaling by a negative factor',
  factor: (name: TransformationName, part: FisherPart) => `Fisher factor of ${part}, ${name}`,
  residual: (name: TransformationName, part: FisherPart) => `Fisher residual of ${part}, ${name}`,
} as const;

/** Rounding in float64 stays orders of magnitude below this, a change that is one far above `leastChange`. */
export const mostRounding = 1e-9;
export const leastChange = 1e-3;

export type Find = (metric: string, subject: string) => SeedSpread | undefined;

export function finder(measurements: readonly Measurement[]): Find {
  const spreads = new Map(spreadOverSeeds(measurements).map((row) => [`${row.subject}: ${row.metric}`, row]));
  return (metric, subject) => spreads.get(`${subject}: ${metric}`);
}

/** The mean factor of a block, undefined where the block is not multiplied by a number but becomes another. */
export function factorOf(
  find: Find,
  { transformation, method }: { readonly transformation: TransformationName; readonly method: TableMethod },
  part: FisherPart,
): number | undefined {
  const residual = find(invarianceMetrics.residual(transformation, part), method)?.greatest;
  if (residual === undefined || residual === null || residual > mostRounding) return undefined;
  return find(invarianceMetrics.factor(transformation, part), method)?.mean ?? undefined;
}
