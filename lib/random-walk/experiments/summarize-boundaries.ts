/** Table 4, its curves and the verdict; pure functions of what was measured. */

import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { type Estimate, estimateOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import {
  type BoundaryMethod,
  type BoundaryMetric,
  boundaryMethods,
  boundaryMetrics,
  truthSubject,
} from './boundary-metrics.ts';
import { chartBoundaries } from './chart-boundaries.ts';
import { compareMethods, isAbove, isBelow, whyNoVerdict } from './compare-methods.ts';
import { backEndKinds, backEndNames, refinementMethods, subjectOf } from './refinement-methods.ts';
import { describeDataset, measuredBackEnds, pictureCounts } from './segmentation-metrics.ts';

/** Table 4, MF and AP on SBD. */
const paper: Readonly<Record<BackEndKind, Readonly<Partial<Record<BoundaryMethod, readonly [number, number]>>>>> = {
  'large-fov': { crf: [0.676, 0.457], walked: [0.703, 0.494] },
  attention: { crf: [0.722, 0.521], walked: [0.747, 0.556] },
  'deeplab-v2': { crf: [0.763, 0.584], walked: [0.773, 0.595] },
};

export function summarizeBoundaries(
  rows: readonly Measurement[],
  _params?: unknown,
  images: readonly EvaluationImage[] = [],
): Summary {
  return {
    verdict: judge(rows),
    tables: [tabulateLabels(rows), tabulateSwept(rows), tabulateDifferences(rows)],
    charts: [chartBoundaries(rows)],
    images: images.map(({ name, ...image }) => ({
      title: `${backEndNames[name.split('/')[0] as BackEndKind]}, validation picture ${Number(name.split('/')[2]) + 1}`,
      caption:
        'Left: the boundaries of the ground truth. Middle: those after the dense CRF. Right: those of the random walk network. Blue: with a partner in the ground truth; orange: without; nothing is drawn at void.',
      ...image,
    })),
    remarks: [
      'A segmentation has one set of boundaries, thus one precision P and recall R; MF is their F, and AP the area P·R under that one step. The paper’s AP is its MF² within 0.003 in every row of Table 4, as P·R is where P = R.',
      'A connected piece of one class counts as a fragment, pixels connected over sides and corners, without void; it is small with less than a thousandth of the picture.',
    ],
  };
}

function meanOf(rows: readonly Measurement[], metric: BoundaryMetric, subject: string): Estimate {
  return estimateOf([...valuesBySeed(rows, { metric: boundaryMetrics[metric], subject }, 0).values()]);
}

/** The network's minus the baseline's. */
function differenceOf(rows: readonly Measurement[], metric: BoundaryMetric, of: BackEndKind, baseline: BoundaryMethod) {
  return compareMethods(rows, boundaryMetrics[metric], { of, method: 'walked', baseline });
}

/** Mean ± standard error. */
function write({ mean, standardError, seeds }: Estimate, decimals: number): string | undefined {
  if (seeds === 0) return;
  const text = mean.toFixed(decimals).replace(/^-/, '−');
  return seeds < 2 ? text : `${text} ± ${standardError.toFixed(decimals)}`;
}

const isCount = (metric: BoundaryMetric) => metric === 'fragments' || metric === 'smallFragments';

function rowsOf(
  rows: readonly Measurement[],
  cells: (backEnd: BackEndKind, method: BoundaryMethod) => readonly (string | number | undefined)[],
) {
  return measuredBackEnds(rows).flatMap((backEnd) =>
    boundaryMethods.map((method) => [backEndNames[backEnd], refinementMethods[method], ...cells(backEnd, method)]),
  );
}

function tabulateLabels(rows: readonly Measurement[]): Table {
  const [first] = measuredBackEnds(rows);
  const truth = (metric: BoundaryMetric) => first && write(meanOf(rows, metric, truthSubject(first)), 1);
  return {
    title: `Table 4: boundaries of the predicted labels, mean ± standard error over seeds; ${describeDataset(rows)}`,
    columns: [
      ...['back-end', 'method', 'MF', 'AP', 'paper’s MF (SBD)', 'paper’s AP (SBD)', 'precision', 'recall'],
      ...['MF, mean over classes', 'AP, mean over classes', 'fragments a picture', 'small ones'],
    ].map((label) => ({ label })),
    rows: [
      ...rowsOf(rows, (backEnd, method) => {
        const at = (metric: BoundaryMetric) =>
          write(meanOf(rows, metric, subjectOf(backEnd, method)), isCount(metric) ? 1 : 3);
        const [maximumF, averagePrecision] = paper[backEnd][method] ?? [];
        return [
          ...[at('maximumF'), at('averagePrecision'), maximumF, averagePrecision, at('precision'), at('recall')],
          ...[at('classMaximumF'), at('classAveragePrecision'), at('fragments'), at('smallFragments')],
        ];
      }),
      ['', 'ground truth', ...new Array<undefined>(8).fill(undefined), truth('fragments'), truth('smallFragments')],
    ],
  };
}

function tabulateSwept(rows: readonly Measurement[]): Table {
  return {
    title: `Over thresholds of the probabilities’ boundary strength, mean ± standard error over seeds; ${describeDataset(rows)}`,
    columns: ['back-end', 'method', 'MF', 'AP', 'AP by BSDS500’s code'].map((label) => ({ label })),
    rows: rowsOf(rows, (backEnd, method) =>
      (['sweptMaximumF', 'sweptAveragePrecision', 'benchmarkAveragePrecision'] as const).map((metric) =>
        write(meanOf(rows, metric, subjectOf(backEnd, method)), 3),
      ),
    ),
  };
}

function tabulateDifferences(rows: readonly Measurement[]): Table {
  const metrics = [
    ...(['maximumF', 'averagePrecision', 'classMaximumF', 'classAveragePrecision'] as const),
    ...(['sweptMaximumF', 'sweptAveragePrecision', 'fragments', 'smallFragments'] as const),
  ];
  return {
    title: `Random walk network minus the others, paired by seed, mean ± standard error; ${describeDataset(rows)}`,
    columns: ['back-end', 'minus', ...metrics.map((metric) => boundaryMetrics[metric])].map((label) => ({ label })),
    rows: measuredBackEnds(rows).flatMap((backEnd) =>
      (['crf', 'alone'] as const).map((baseline) => [
        backEndNames[backEnd],
        refinementMethods[baseline],
        ...metrics.map((metric) => write(differenceOf(rows, metric, backEnd, baseline), isCount(metric) ? 1 : 3)),
      ]),
    ),
  };
}

/**
 * Holds where MF and AP of the labels' boundaries are better than after the CRF with every back-end, by more than two standard
 * errors of the paired difference; does not hold where one is worse by as much.
 */
function judge(rows: readonly Measurement[]): Verdict {
  const counts = pictureCounts(rows);
  const measured = measuredBackEnds(rows);
  const missing = backEndKinds.filter((backEnd) => !measured.includes(backEnd));
  if (!counts || missing.length > 0) {
    const names = missing.map((backEnd) => backEndNames[backEnd]).join(', ');
    return { outcome: 'inconclusive', reason: `Not measured: ${names || 'the pictures'}.` };
  }
  const compared = backEndKinds.map((backEnd) => ({
    backEnd,
    differences: (['maximumF', 'averagePrecision'] as const).map((metric) =>
      differenceOf(rows, metric, backEnd, 'crf'),
    ),
  }));
  const numbers = compared
    .map(({ backEnd, differences: [maximumF, averagePrecision] }) => {
      const [sweptF, sweptPrecision] = (['sweptMaximumF', 'sweptAveragePrecision'] as const).map((metric) =>
        write(differenceOf(rows, metric, backEnd, 'crf'), 3),
      );
      const fragments = write(differenceOf(rows, 'fragments', backEnd, 'crf'), 1);
      return `${backEndNames[backEnd]}: MF ${write(maximumF!, 3)}, AP ${write(averagePrecision!, 3)}, over thresholds of the strength ${sweptF} and ${sweptPrecision}, fragments a picture ${fragments}.`;
    })
    .join(' ');
  const reason = `Random walk network minus dense CRF, boundaries of the labels on ${counts.dataset}, paired by seed ± standard error. ${numbers}`;
  const all = compared.flatMap(({ differences }) => differences);
  const why = whyNoVerdict(counts, Math.min(...all.map(({ seeds }) => seeds)));
  if (why) return { outcome: 'inconclusive', reason: `${why} ${reason}` };
  const outcome = all.every((each) => isAbove(each))
    ? 'holds'
    : all.some((each) => isBelow(each))
      ? 'does not hold'
      : 'inconclusive';
  return { outcome, reason };
}
