/** Learning curves as Vega-Lite specifications with their data inline: against updates, and against wall time. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { type Curve, estimateOf, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { secondsPerUpdate } from './learning-curves.ts';

export interface LearningCurveChart {
  readonly title: string;
  readonly caption: string;
  readonly metric: string;
  readonly yTitle: string;
  /** Names of the subjects for the legend, the proposed model first: the first is solid, the others dashed. */
  readonly subjects: Readonly<Record<string, string>>;
  readonly logarithmic?: boolean;
  /** Lowest and highest value shown; all where absent. */
  readonly range?: readonly [number, number];
}

/** Two panels side by side, updates and seconds, means over seeds with a band of one standard error. */
export function chartLearningCurves(measurements: readonly Measurement[], chart: LearningCurveChart): Chart {
  const { title, caption } = chart;
  const panels = [panelOf(measurements, chart, 'updates')];
  const isTimed = Object.keys(chart.subjects).every((subject) => secondsPerUpdate(measurements, subject) > 0);
  if (isTimed) panels.push(panelOf(measurements, chart, 'seconds'));
  return {
    title,
    caption,
    spec: { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', hconcat: panels },
  };
}

const panelSize = 280;

function panelOf(measurements: readonly Measurement[], chart: LearningCurveChart, axis: 'updates' | 'seconds') {
  const { metric, subjects, yTitle, logarithmic, range } = chart;
  const names = Object.values(subjects);
  const values = Object.entries(subjects).flatMap(([subject, name]) =>
    pointsOf(measurements, { metric, subject }).map(({ step, mean, low, high }) => ({
      model: name,
      x: axis === 'updates' ? step : step * secondsPerUpdate(measurements, subject),
      mean,
      low,
      high,
    })),
  );
  const x = { field: 'x', type: 'quantitative', title: axis, scale: { nice: false } };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: yTitle,
    scale: { ...(logarithmic ? { type: 'log' } : { zero: false }), nice: false, ...(range && { domain: range }) },
  });
  // One legend for both layers: each names the same scale, and neither may take the legend away.
  const legend = { symbolType: 'stroke', symbolSize: 600 };
  const color = { field: 'model', type: 'nominal', title: null, scale: { domain: names }, legend };
  const strokeDash = { ...color, scale: { domain: names, range: names.map((_, place) => (place ? [6, 3] : [1, 0])) } };
  return {
    title: `against ${axis}`,
    width: panelSize,
    height: panelSize,
    data: { values },
    layer: [
      {
        mark: { type: 'area', clip: true },
        encoding: { x, y: y('low'), y2: { field: 'high' }, color },
      },
      { mark: { type: 'line', clip: true }, encoding: { x, y: y('mean'), color, strokeDash } },
    ],
  };
}

/** Six digits are more than a pixel shows, and keep reports small. */
function pointsOf(measurements: readonly Measurement[], curve: Curve) {
  return stepsOf(measurements, curve).flatMap((step) => {
    const values = [...valuesBySeed(measurements, curve, step).values()].filter(Number.isFinite);
    if (values.length === 0) return [];
    const { mean, standardError } = estimateOf(values);
    const error = Number.isFinite(standardError) ? standardError : 0;
    const round = (value: number) => Number(value.toPrecision(6));
    return [{ step, mean: round(mean), low: round(mean - error), high: round(mean + error) }];
  });
}
