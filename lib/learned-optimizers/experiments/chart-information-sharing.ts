/** The charts of the information-sharing experiment as Vega-Lite specifications with their data inline. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { logLosses, type SharingSummaryParams, sharingLabels, subjectsIn } from './information-sharing-subjects.ts';
import { describeValues } from './summarize-comparison.ts';

/** The optimizers of the appendix and the hand-written ones: eight colours stay apart, ablations are in the table. */
const charted = ['lstm-gac', 'lstm', 'ntm-bfgs', 'ntm-l-bfgs', 'adam', 'nag', 'l-bfgs', 'bfgs-by-hand'];
const dashed = new Set(['adam', 'nag', 'l-bfgs', 'bfgs-by-hand']);
/** Below this float32 parameters say nothing any more. */
const smallestLoss = 1e-9;

export function chartBySteps(
  measurements: readonly Measurement[],
  conditionNumber: number,
  dimension: number,
  { horizonSteps }: SharingSummaryParams,
): Chart {
  const steps = [...new Set(measurements.map(({ step }) => step))].filter((step) => step >= 1).sort((a, b) => a - b);
  const values = shownSubjects(measurements).flatMap((subject) =>
    steps.flatMap((step) => point(subject, step, logLosses(measurements, subject, conditionNumber, [dimension], step))),
  );
  return {
    title: `Condition number ${conditionNumber}, ${dimension} dimensions`,
    caption: `Loss over ${horizonSteps} steps, geometric mean over training seeds, the band one standard deviation; learned optimizers solid, hand-written ones dashed. Losses below 10⁻⁹ are drawn there.`,
    spec: lineChart(values, shownSubjects(measurements), {
      title: 'optimization step',
      scale: { domain: [1, horizonSteps], nice: false },
    }),
  };
}

export function chartByConditionNumber(
  measurements: readonly Measurement[],
  { conditionNumbers, dimensions, horizonSteps }: SharingSummaryParams,
): Chart {
  const values = shownSubjects(measurements).flatMap((subject) =>
    conditionNumbers.flatMap((value) =>
      point(subject, value, logLosses(measurements, subject, value, dimensions, horizonSteps)),
    ),
  );
  return {
    title: 'Final loss against condition number',
    caption: `Loss at step ${horizonSteps} over ${dimensions.join(', ')} dimensions, geometric mean over training seeds, the band one standard deviation. Losses below 10⁻⁹ are drawn there.`,
    spec: lineChart(values, shownSubjects(measurements), {
      title: 'condition number',
      scale: { type: 'log', domain: [conditionNumbers[0], conditionNumbers.at(-1)], nice: false },
      axis: { format: '~g', values: conditionNumbers },
    }),
  };
}

function shownSubjects(measurements: readonly Measurement[]): readonly string[] {
  const present = subjectsIn(measurements);
  return charted.filter((subject) => present.includes(subject));
}

interface Point {
  readonly method: string;
  readonly x: number;
  readonly loss: number;
  readonly low: number;
  readonly high: number;
}

function point(subject: string, x: number, logs: ReadonlyMap<number, number>): readonly Point[] {
  if (logs.size === 0) return [];
  const { mean, standardDeviation } = describeValues([...logs.values()]);
  const at = (log: number) => Number(Math.max(smallestLoss, 10 ** log).toPrecision(6));
  const [loss, low, high] = [at(mean), at(mean - standardDeviation), at(mean + standardDeviation)];
  return [{ method: sharingLabels[subject]!, x, loss, low, high }];
}

function lineChart(values: readonly Point[], subjects: readonly string[], xOptions: object) {
  const methods = subjects.map((subject) => sharingLabels[subject]);
  const x = { field: 'x', type: 'quantitative', ...xOptions };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'loss (share of the initial loss)',
    scale: { type: 'log', nice: false },
    axis: { format: '~g', tickCount: 8 },
  });
  const legend = { symbolType: 'stroke', symbolSize: 600 };
  const colour = { field: 'method', type: 'nominal', title: null, scale: { domain: methods }, legend };
  const range = subjects.map((subject) => (dashed.has(subject) ? [6, 3] : [1, 0]));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    data: { values },
    layer: [
      { mark: { type: 'area', clip: true }, encoding: { x, y: y('low'), y2: { field: 'high' }, color: colour } },
      {
        mark: { type: 'line', clip: true },
        encoding: { x, y: y('loss'), color: colour, strokeDash: { ...colour, scale: { domain: methods, range } } },
      },
    ],
  };
}
