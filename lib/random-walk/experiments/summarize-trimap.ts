/** Figure 5 as curves, a table and a verdict; pure functions of what was measured. */

import type { Chart, Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { estimateOf, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import { trimapWidths } from '../evaluation/trimap-error.ts';
import { compareMethods, isAbove, isBelow, whyNoVerdict, writePercent, writePoints } from './compare-methods.ts';
import { trimapErrorMetric, trimapMethods } from './evaluate-trimap.ts';
import { backEndKinds, backEndNames, refinementMethods, subjectOf } from './refinement-methods.ts';
import { describeDataset, measuredBackEnds, pictureCounts } from './segmentation-metrics.ts';

const tabulatedWidths = [1, 2, 3, 5, 10, 20];

export function summarizeTrimap(rows: readonly Measurement[]): Summary {
  const chart = chartErrors(rows);
  return {
    verdict: judgeTrimap(rows),
    tables: [tabulateErrors(rows), tabulateDifferences(rows)],
    charts: chart ? [chart] : [],
    remarks: [
      'The paper gives Figure 5 without numbers: there are none to put beside ours. Its axis says percent, and counts shares from 0.2 to 0.55.',
      'The band of width w has the pixels less than w from one that touches a boundary of the truth; void counts as a label for boundaries, and is not scored.',
    ],
  };
}

/**
 * Holds where the network's error is below its back-end's at every width for every back-end, by more than two standard errors of the
 * paired difference; does not hold where it is above by as much at any.
 */
export function judgeTrimap(rows: readonly Measurement[]): Verdict {
  const counts = pictureCounts(rows);
  const measured = measuredBackEnds(rows);
  const missing = backEndKinds.filter((backEnd) => !measured.includes(backEnd));
  if (!counts || missing.length > 0) {
    const names = missing.map((backEnd) => backEndNames[backEnd]).join(', ');
    return { outcome: 'inconclusive', reason: `Not measured: ${names || 'the pictures'}.` };
  }
  const compared = backEndKinds.map((backEnd) => ({
    backEnd,
    differences: trimapWidths.map((width) => differenceAt(rows, backEnd, width, 'alone')),
  }));
  const numbers = compared
    .map(({ backEnd, differences }) => {
      const at = (width: number) => `${writePoints(differences[width - 1]!) ?? '–'} at ${width}`;
      const [below, above] = [isBelow, isAbove].map((test) => differences.filter((each) => test(each)).length);
      return `${backEndNames[backEnd]}: ${at(1)}, ${at(5)} and ${at(20)} pixels; certainly fewer errors at ${below} of ${differences.length} widths, certainly more at ${above}.`;
    })
    .join(' ');
  const reason = `Random walk network minus back-end in the trimap’s error, percentage points on ${counts.dataset}, paired by seed ± standard error. ${numbers}`;
  const all = compared.flatMap(({ differences }) => differences);
  const why = whyNoVerdict(counts, Math.min(...all.map(({ seeds }) => seeds)));
  if (why) return { outcome: 'inconclusive', reason: `${why} ${reason}` };
  const outcome = all.every((each) => isBelow(each))
    ? 'holds'
    : all.some((each) => isAbove(each))
      ? 'does not hold'
      : 'inconclusive';
  return { outcome, reason };
}

function differenceAt(rows: readonly Measurement[], backEnd: BackEndKind, width: number, baseline: 'alone' | 'crf') {
  return compareMethods(rows, trimapErrorMetric, { of: backEnd, method: 'walked', baseline }, width);
}

function errorAt(rows: readonly Measurement[], subject: string, width: number) {
  return estimateOf([...valuesBySeed(rows, { metric: trimapErrorMetric, subject }, width).values()]);
}

function tabulateErrors(rows: readonly Measurement[]): Table {
  return {
    title: `Figure 5: misclassified pixels in percent of those in the trimap, by its width, mean ± standard error over seeds; ${describeDataset(rows)}`,
    columns: [
      { label: 'back-end' },
      { label: 'method' },
      ...tabulatedWidths.map((width) => ({ label: `${width} pixel${width > 1 ? 's' : ''}` })),
    ],
    rows: measuredBackEnds(rows).flatMap((backEnd) =>
      (['alone', 'crf', 'walked'] as const).map((method) => [
        backEndNames[backEnd],
        refinementMethods[method],
        ...tabulatedWidths.map((width) => writePercent(errorAt(rows, subjectOf(backEnd, method), width))),
      ]),
    ),
  };
}

function tabulateDifferences(rows: readonly Measurement[]): Table {
  return {
    title: `Random walk network minus others in percentage points, paired by seed, mean ± standard error: below 0 it makes fewer errors; ${describeDataset(rows)}`,
    columns: [
      { label: 'width (pixels)' },
      ...measuredBackEnds(rows).flatMap((backEnd) => [
        { label: `${backEndNames[backEnd]}: minus back-end` },
        { label: 'minus dense CRF' },
      ]),
    ],
    rows: trimapWidths.map((width) => [
      width,
      ...measuredBackEnds(rows).flatMap((backEnd) =>
        (['alone', 'crf'] as const).map((baseline) => writePoints(differenceAt(rows, backEnd, width, baseline))),
      ),
    ]),
  };
}

/** A panel a back-end, the band one standard error; undefined where nothing was measured. */
function chartErrors(rows: readonly Measurement[]): Chart | undefined {
  const values = measuredBackEnds(rows).flatMap((backEnd) =>
    trimapMethods.flatMap((method) => {
      const subject = subjectOf(backEnd, method);
      return stepsOf(rows, { metric: trimapErrorMetric, subject }).map((width) => {
        const { mean, standardError } = errorAt(rows, subject, width);
        const error = Number.isFinite(standardError) ? standardError : 0;
        const percent = (share: number) => Number((100 * share).toPrecision(6));
        return {
          backEnd: backEndNames[backEnd],
          method: refinementMethods[method],
          width,
          ...{ mean: percent(mean), low: percent(mean - error), high: percent(mean + error) },
        };
      });
    }),
  );
  if (values.length === 0) return;
  const domain = trimapMethods.map((method) => refinementMethods[method]);
  const x = { field: 'width', type: 'quantitative', title: 'width of the trimap (pixels)', scale: { nice: false } };
  const y = { type: 'quantitative', title: 'misclassified (%)', scale: { zero: false } };
  const color = { field: 'method', type: 'nominal', title: null, scale: { domain } };
  return {
    title: 'Errors near boundaries',
    caption: 'Figure 5: mean over seeds on the validation pictures, the band one standard error.',
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      data: { values },
      facet: { field: 'backEnd', type: 'nominal', title: null, sort: Object.values(backEndNames) },
      columns: 2,
      spec: {
        width: 260,
        height: 220,
        layer: [
          {
            mark: { type: 'area' },
            encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
          },
          { mark: { type: 'line' }, encoding: { x, y: { ...y, field: 'mean' }, color } },
        ],
      },
      resolve: { scale: { y: 'independent' } },
    },
  };
}
