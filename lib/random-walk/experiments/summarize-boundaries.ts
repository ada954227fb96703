/** Table 4, its curves and the verdict; pure functions of what was measured. */
import { type Spread, spreadOf } from '../../numerics/spread.ts';
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import {
  type BoundaryMethod,
  type BoundaryMetric,
  boundaryBackEndKinds,
  boundaryBackEnds,
  boundaryMethodNames,
  boundaryMethods,
  boundaryMetrics,
  boundarySubject,
  picturesMetric,
} from './boundary-metrics.ts';
import { chartBoundaries } from './chart-boundaries.ts';

/** Table 4, MF and AP on SBD. */
const paper: Readonly<Record<BackEndKind, Readonly<Partial<Record<BoundaryMethod, readonly [number, number]>>>>> = {
  'large-fov': { crf: [0.676, 0.457], walk: [0.703, 0.494] },
  attention: { crf: [0.722, 0.521], walk: [0.747, 0.556] },
  'deeplab-v2': { crf: [0.763, 0.584], walk: [0.773, 0.595] },
};

const fewestSeeds = 3;
/** With fewer, the pictures are a place holder's. */
const fewestPictures = 20;

export function summarizeBoundaries(
  rows: readonly Measurement[],
  _params: unknown,
  images: readonly EvaluationImage[] = [],
): Summary {
  return {
    verdict: judge(rows),
    tables: [tabulateLabels(rows), tabulateSwept(rows), tabulateDifferences(rows)],
    charts: [chartBoundaries(rows)],
    images: images.map(({ name, ...image }) => ({
      title: `${boundaryBackEnds[name.split('/')[0] as BackEndKind]}, validation picture ${Number(name.split('/')[2]) + 1}`,
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

function spreadAt(rows: readonly Measurement[], metric: BoundaryMetric, subject: string): Spread | undefined {
  return spreadOf([...valuesBySeed(rows, metric, subject).values()]);
}

function valuesBySeed(rows: readonly Measurement[], name: BoundaryMetric, subject: string) {
  const metric = boundaryMetrics[name];
  const found = rows.filter((row) => row.metric === metric && row.subject === subject);
  return new Map(found.map(({ seed, value }) => [seed, value]));
}

/** The walk's value minus the baseline's, seed by seed. */
function differenceOf(
  rows: readonly Measurement[],
  metric: BoundaryMetric,
  backEnd: BackEndKind,
  baseline: BoundaryMethod,
): Spread | undefined {
  const theirs = valuesBySeed(rows, metric, boundarySubject(backEnd, baseline));
  const ours = [...valuesBySeed(rows, metric, boundarySubject(backEnd, 'walk'))];
  return spreadOf(ours.flatMap(([seed, value]) => (theirs.has(seed) ? [value - theirs.get(seed)!] : [])));
}

function write(spread: Spread | undefined, deviation: 'standardDeviation' | 'standardError', decimals: number) {
  if (!spread) return;
  const mean = spread.mean.toFixed(decimals);
  return spread.count < 2 ? mean : `${mean} ± ${spread[deviation].toFixed(decimals)}`;
}

/** What was measured on, for a table's title: the dataset's own description. */
function datasetOf(rows: readonly Measurement[]): string {
  const found = rows.find(({ metric }) => metric === picturesMetric);
  return found ? `${found.value} validation pictures. ${found.subject}` : 'nothing measured';
}

function rowsOf(cells: (backEnd: BackEndKind, method: BoundaryMethod) => readonly (string | number | undefined)[]) {
  return boundaryBackEndKinds.flatMap((backEnd) =>
    boundaryMethodNames.map((method) => [
      boundaryBackEnds[backEnd],
      boundaryMethods[method],
      ...cells(backEnd, method),
    ]),
  );
}

function tabulateLabels(rows: readonly Measurement[]): Table {
  const truth = boundaryBackEndKinds.flatMap((backEnd) => {
    const at = (metric: BoundaryMetric) =>
      write(spreadAt(rows, metric, boundarySubject(backEnd, 'truth')), 'standardDeviation', 1);
    const [fragments, small] = [at('fragments'), at('smallFragments')];
    return fragments === undefined ? [] : [[fragments, small]];
  })[0];
  return {
    title: `Boundaries of the predicted labels, mean ± standard deviation over seeds: ${datasetOf(rows)}`,
    columns: [
      { label: 'back-end' },
      { label: 'method' },
      ...['MF', 'AP', 'paper’s MF (SBD)', 'paper’s AP (SBD)', 'precision', 'recall'].map((label) => ({ label })),
      ...['MF, mean over classes', 'AP, mean over classes', 'fragments a picture', 'small ones'].map((label) => ({
        label,
      })),
    ],
    rows: [
      ...rowsOf((backEnd, method) => {
        const at = (metric: BoundaryMetric, decimals = 3) =>
          write(spreadAt(rows, metric, boundarySubject(backEnd, method)), 'standardDeviation', decimals);
        const [maximumF, averagePrecision] = paper[backEnd][method] ?? [];
        return [
          ...[at('maximumF'), at('averagePrecision'), maximumF, averagePrecision, at('precision'), at('recall')],
          ...[at('classMaximumF'), at('classAveragePrecision'), at('fragments', 1), at('smallFragments', 1)],
        ];
      }),
      ...(truth ? [['', 'ground truth', ...new Array<undefined>(8).fill(undefined), ...truth]] : []),
    ],
  };
}

function tabulateSwept(rows: readonly Measurement[]): Table {
  return {
    title: `Over thresholds of the probabilities’ boundary strength, mean ± standard deviation over seeds: ${datasetOf(rows)}`,
    columns: ['back-end', 'method', 'MF', 'AP', 'AP by BSDS500’s code'].map((label) => ({ label })),
    rows: rowsOf((backEnd, method) =>
      (['sweptMaximumF', 'sweptAveragePrecision', 'benchmarkAveragePrecision'] as const).map((metric) =>
        write(spreadAt(rows, metric, boundarySubject(backEnd, method)), 'standardDeviation', 3),
      ),
    ),
  };
}

function tabulateDifferences(rows: readonly Measurement[]): Table {
  const metrics = [
    ['maximumF', 3],
    ['averagePrecision', 3],
    ['classMaximumF', 3],
    ['sweptMaximumF', 3],
    ['sweptAveragePrecision', 3],
    ['fragments', 1],
    ['smallFragments', 1],
  ] as const;
  return {
    title: `Random walk network minus the others, paired by seed, mean ± standard error: ${datasetOf(rows)}`,
    columns: ['back-end', 'minus', ...metrics.map(([metric]) => boundaryMetrics[metric])].map((label) => ({ label })),
    rows: boundaryBackEndKinds.flatMap((backEnd) =>
      (['crf', 'alone'] as const).map((baseline) => [
        boundaryBackEnds[backEnd],
        boundaryMethods[baseline],
        ...metrics.map(([metric, decimals]) =>
          write(differenceOf(rows, metric, backEnd, baseline), 'standardError', decimals),
        ),
      ]),
    ),
  };
}

/** Holds where MF and AP are better on every back-end, by more than two standard errors; worse by as much anywhere refutes it. */
function judge(rows: readonly Measurement[]): Verdict {
  const compared = boundaryBackEndKinds.flatMap((backEnd) =>
    (['maximumF', 'averagePrecision'] as const).map((metric) => ({
      backEnd,
      metric,
      difference: differenceOf(rows, metric, backEnd, 'crf'),
      swept: differenceOf(rows, metric === 'maximumF' ? 'sweptMaximumF' : 'sweptAveragePrecision', backEnd, 'crf'),
    })),
  );
  const missing = boundaryBackEndKinds.filter((kind) =>
    compared.some(({ backEnd, difference }) => backEnd === kind && !difference),
  );
  if (missing.length > 0) {
    const names = missing.map((kind) => boundaryBackEnds[kind]).join(', ');
    return { outcome: 'inconclusive', reason: `Not measured, the random walk network beside the dense CRF: ${names}.` };
  }
  const numbers = compared
    .map(({ backEnd, metric, difference, swept }) => {
      const over = `${write(swept, 'standardError', 3)} over thresholds of the strength`;
      const name = metric === 'maximumF' ? `${boundaryBackEnds[backEnd]}: MF` : 'AP';
      return `${name} ${write(difference, 'standardError', 3)} (${over})${metric === 'maximumF' ? ', ' : '. '}`;
    })
    .join('')
    .trim();
  const reason = `Random walk network minus dense CRF, boundaries of the labels, paired by seed. ${numbers}`;
  const pictures = rows.find(({ metric }) => metric === picturesMetric)?.value ?? 0;
  if (pictures < fewestPictures) {
    const why = `Wrong scale: ${pictures} pictures, at least ${fewestPictures} are needed.`;
    return { outcome: 'inconclusive', reason: `${why} ${reason}` };
  }
  const seeds = Math.min(...compared.map(({ difference }) => difference!.count));
  if (seeds < fewestSeeds) {
    const why = `Too few seeds: ${seeds}, at least ${fewestSeeds} are needed.`;
    return { outcome: 'inconclusive', reason: `${why} ${reason}` };
  }
  const isBetter = compared.map(({ difference }) => difference!.mean > 2 * difference!.standardError);
  const isWorse = compared.map(({ difference }) => difference!.mean < -2 * difference!.standardError);
  const outcome = isBetter.every(Boolean) ? 'holds' : isWorse.some(Boolean) ? 'does not hold' : 'inconclusive';
  return { outcome, reason };
}
