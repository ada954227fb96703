/** Precision against recall of boundaries, a panel for each back-end. */
import { spreadOf } from '../../numerics/spread.ts';
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { boundaryMethods, boundaryMetrics, sweptPrecisionMetric, sweptRecallMetric } from './boundary-metrics.ts';
import { backEndNames, refinementMethods, subjectOf } from './refinement-methods.ts';
import { measuredBackEnds } from './segmentation-metrics.ts';

interface Point {
  readonly method: string;
  readonly threshold?: number;
  readonly recall: number;
  readonly precision: number;
}

/** Curves over thresholds of the strength, and the labels' boundaries as a point; means over seeds. */
export function chartBoundaries(rows: readonly Measurement[]): Chart {
  const names = boundaryMethods.map((method) => refinementMethods[method]);
  const color = { field: 'method', type: 'nominal', title: null, scale: { domain: names } };
  const axis = (field: string) => ({ field, type: 'quantitative', scale: { domain: [0, 1], nice: false } });
  const encoding = { x: axis('recall'), y: axis('precision'), color };
  const dashes = { domain: names, range: names.map((_, place) => (place ? [6, 3] : [1, 0])) };
  const panels = measuredBackEnds(rows).map((backEnd) => {
    const subjects = boundaryMethods.map((method) => ({
      method: refinementMethods[method],
      subject: subjectOf(backEnd, method),
    }));
    return {
      title: backEndNames[backEnd],
      width: 220,
      height: 220,
      layer: [
        {
          data: { values: subjects.flatMap(({ method, subject }) => curveOf(rows, method, subject)) },
          mark: { type: 'line', clip: true },
          encoding: {
            ...encoding,
            order: { field: 'threshold', type: 'quantitative' },
            strokeDash: { ...color, scale: dashes },
          },
        },
        {
          data: { values: subjects.flatMap(({ method, subject }) => pointOf(rows, method, subject)) },
          mark: { type: 'point', size: 90 },
          encoding,
        },
      ],
    };
  });
  return {
    title: 'Precision and recall of boundaries',
    caption:
      'Lines: over thresholds of the strength of the probabilities’ boundaries, means over seeds at each threshold. Points: the boundaries of the labels, which Table 4 is about.',
    spec: { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', hconcat: panels, spacing: 20 },
  };
}

function curveOf(rows: readonly Measurement[], method: string, subject: string): readonly Point[] {
  const recalls = rows.filter((row) => row.metric === sweptRecallMetric && row.subject === subject);
  const thresholds = [...new Set(recalls.map(({ step }) => step))].sort((a, b) => a - b);
  return thresholds.flatMap((threshold) => {
    const recall = meanAt(rows, sweptRecallMetric, subject, threshold);
    const precision = meanAt(rows, sweptPrecisionMetric, subject, threshold);
    // Above the greatest strength nothing is predicted, and precision is of nothing.
    return recall && precision ? [{ method, threshold, recall, precision }] : [];
  });
}

function pointOf(rows: readonly Measurement[], method: string, subject: string): readonly Point[] {
  const recall = meanAt(rows, boundaryMetrics.recall, subject, 0);
  const precision = meanAt(rows, boundaryMetrics.precision, subject, 0);
  return recall === undefined || precision === undefined ? [] : [{ method, recall, precision }];
}

function meanAt(rows: readonly Measurement[], metric: string, subject: string, step: number): number | undefined {
  const found = rows.filter((row) => row.metric === metric && row.subject === subject && row.step === step);
  const spread = spreadOf(found.map(({ value }) => value));
  return spread && Number(spread.mean.toPrecision(4));
}
