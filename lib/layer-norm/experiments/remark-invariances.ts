/** Where the paper's text on invariances departs from its table or from a measurement, and what else was measured. */
import { formatSignificant } from '../../report/format-numbers.ts';
import { transformationNames } from '../analysis/transformations.ts';
import {
  type Find,
  factorOf,
  invarianceMetrics,
  leastChange,
  methodLabels,
  paperInvariant,
  tableMethods,
} from './invariance-metrics.ts';
import { fisherParts } from './measure-invariances.ts';

export function remarkOnInvariances(find: Find, factor: number): readonly string[] {
  const number = formatSignificant;
  const change = (metric: string, subject: string) => find(metric, subject)?.mean ?? undefined;
  const remarks: string[] = [];
  const data = change(invarianceMetrics.change('dataset re-scaling'), 'weight');
  if (data !== undefined) {
    const right = data > leastChange ? 'The table is right' : 'The text is right';
    remarks.push(
      `§5.1 contradicts Table 1: its text says that all the normalization methods are invariant to re-scaling the dataset, its table that weight normalization is not. ${right}: with inputs × ${number(factor)} its outputs change by ${number(data)} of their norm; the norm of a weight vector does not know the data.`,
    );
  }
  const row = { transformation: 'weight vector re-scaling', method: 'weight' } as const;
  const [own, other, rest] = fisherParts.map((part) => factorOf(find, row, part));
  if (own !== undefined && other !== undefined && rest !== undefined) {
    remarks.push(
      `§5.2.2 says that the curvature along w_i changes by ½ where ‖w_i‖ doubles. With ‖w_i‖ × ${number(factor)}, measured under weight normalization: × ${number(own)} within the unit’s own weights (σ_i enters Eq. 13 twice there), × ${number(other)} against another unit’s weights, × ${number(rest)} against its own bias and gain. The paper’s ½ is that of the blocks in which σ_i enters once.`,
    );
  }
  const negative = tableMethods.map((method) => change(invarianceMetrics.negative, method));
  if (negative.every((value) => value !== undefined)) {
    remarks.push(
      `“Any re-scaling” of the weights must be by a positive factor: σ is positive, and × −${number(factor)} turns the normalised summed inputs over. Outputs change by ${negative.map((value) => number(value)).join(', ')} of their norm under ${tableMethods.map((method) => methodLabels[method]).join(', ')}.`,
    );
  }
  const frozen = (['dataset re-scaling', 'dataset re-centering', 'weight matrix re-scaling'] as const).map((name) =>
    change(invarianceMetrics.frozen(name), 'batch'),
  );
  if (frozen.every((value) => value !== undefined)) {
    remarks.push(
      `Batch normalization’s row is true of statistics that are taken again after the change. With statistics frozen before it, as at test time, re-scaling the data changes the outputs by ${number(frozen[0])} of their norm, re-centering the data by ${number(frozen[1])}, re-scaling the weights by ${number(frozen[2])}.`,
    );
  }
  const epsilons = transformationNames.flatMap((name) =>
    (['batch', 'layer'] as const)
      .filter((method) => paperInvariant[name].includes(method))
      .map((method) => find(invarianceMetrics.epsilon(name), method)?.greatest ?? undefined),
  );
  if (epsilons.every((value) => value !== undefined)) {
    remarks.push(
      `With ε = 10⁻⁵ inside the root, as implementations have it, what is invariant with ε = 0 changes by up to ${number(Math.max(...epsilons))} of its norm.`,
    );
  }
  const inputs = (
    ['weight matrix re-scaling', 'weight matrix re-centering', 'single training case re-scaling'] as const
  ).map((name) => change(invarianceMetrics.inputs(name), 'layer'));
  if (inputs.every((value) => value !== undefined)) {
    remarks.push(
      `§5.1 adds that normalising only the inputs, before the weights, is not invariant to re-scaling and re-centering of the weights: outputs change by ${number(inputs[0])} and ${number(inputs[1])} of their norm then, and by ${number(inputs[2])} under re-scaling of a single case.`,
    );
  }
  return remarks;
}
