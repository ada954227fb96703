/** Table 1 beside what was measured, and the verdict; pure functions of the measurements. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { formatSignificant } from '../../report/format-numbers.ts';
import type { SeedSpread } from '../../report/seed-spread.ts';
import { type TransformationName, transformationNames } from '../analysis/transformations.ts';
import { chartInvariances } from './chart-invariances.ts';
import {
  type Find,
  factorOf,
  finder,
  invarianceMetrics,
  leastChange,
  methodLabels,
  mostRounding,
  paperInvariant,
  tableMethods,
} from './invariance-metrics.ts';
import { fisherParts, type TableMethod } from './measure-invariances.ts';
import { remarkOnInvariances } from './remark-invariances.ts';

/** A random layer more would hardly say more: identities hold in all of them or in none. */
const fewestSeeds = 3;

interface Cell {
  readonly transformation: TransformationName;
  readonly method: TableMethod;
  readonly paper: 'invariant' | 'no';
  readonly change: SeedSpread;
  /** `undecided`: neither rounding nor a change in every seed. */
  readonly measured: 'invariant' | 'no' | 'undecided';
}

function readCells(find: Find): readonly Cell[] {
  return transformationNames.flatMap((transformation) =>
    tableMethods.flatMap((method): readonly Cell[] => {
      const change = find(invarianceMetrics.change(transformation), method);
      if (!change || change.mean === null) return [];
      const paper = paperInvariant[transformation].includes(method) ? 'invariant' : 'no';
      const measured = change.greatest! < mostRounding ? 'invariant' : change.least! > leastChange ? 'no' : 'undecided';
      return [{ transformation, method, paper, change, measured }];
    }),
  );
}

export function summarizeInvariances(measurements: readonly Measurement[], params: { factor: number }): Summary {
  const find = finder(measurements);
  const cells = readCells(find);
  return {
    verdict: judge(cells),
    tables: cells.length > 0 ? [tabulateCells(cells, find)] : [],
    charts: cells.length > 0 ? [chartInvariances(measurements)] : [],
    remarks: remarkOnInvariances(find, params.factor),
  };
}

function judge(cells: readonly Cell[]): Verdict {
  const all = transformationNames.length * tableMethods.length;
  const seeds = Math.min(...cells.map(({ change }) => change.count));
  const agreeing = cells.filter(({ paper, measured }) => paper === measured);
  const differing = cells.filter(({ paper, measured }) => paper !== measured);
  const number = formatSignificant;
  const invariant = Math.max(
    ...agreeing.filter(({ paper }) => paper === 'invariant').map((cell) => cell.change.greatest!),
  );
  const changed = Math.min(...agreeing.filter(({ paper }) => paper === 'no').map((cell) => cell.change.least!));
  const reason = [
    `${agreeing.length} of ${all} cells of Table 1 agree in each of ${cells.length > 0 ? seeds : 0} random layers.`,
    ...(agreeing.length > 0
      ? [
          `Where the paper says invariant, outputs change by at most ${number(invariant)} of their norm; where it says no, by at least ${number(changed)}.`,
        ]
      : []),
    ...differing.map(
      ({ transformation, method, paper, change }) =>
        `${methodLabels[method]}, ${transformation}: the paper says ${paper}, measured ${number(change.least)} to ${number(change.greatest)}.`,
    ),
  ];
  if (cells.length < all || seeds < fewestSeeds) {
    const obstacle = `Measured are ${cells.length} of ${all} cells${cells.length > 0 ? ` in ${seeds} layers` : ''}; at least ${fewestSeeds} layers are needed.`;
    return { outcome: 'inconclusive', reason: [obstacle, ...reason].join(' ') };
  }
  return { outcome: differing.length === 0 ? 'holds' : 'does not hold', reason: reason.join(' ') };
}

function tabulateCells(cells: readonly Cell[], find: Find): Table {
  return {
    title:
      'Table 1, measured: relative change of the outputs over seeds; beside it, by what the same change multiplies blocks of the Fisher matrix (Eq. 13): – where it does more than multiply',
    columns: [
      { label: 'change' },
      { label: 'method' },
      { label: 'paper' },
      { label: 'least', digits: 2 },
      { label: 'greatest', digits: 2 },
      { label: 'agrees' },
      ...['own weights', 'another unit’s', 'bias and gain'].map((label) => ({ label })),
    ],
    rows: cells.map((cell) => [
      cell.transformation,
      methodLabels[cell.method],
      cell.paper,
      cell.change.least!,
      cell.change.greatest!,
      cell.paper === cell.measured ? 'yes' : 'no',
      ...fisherParts.map((part) => factorOf(find, cell, part)),
    ]),
  };
}
