/** Figure 4's panels, redrawn from our measurements as Vega-Lite specifications with their data inline. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { describeValues, lossesBySeed, type PaperLosses, subjectLabels, subjects } from './summarize-comparison.ts';

/** Colours that stay apart for the colour-blind and in grey; the learned optimizer's is the darkest. */
const colours = { lstm: '#1a1a1a', adam: '#0072b2', rmsprop: '#d55e00', nag: '#009e73', sgd: '#cc79a7' } as const;

export interface LossPanel {
  readonly title: string;
  readonly caption: string;
  readonly yTitle: string;
  /** First and last step shown. */
  readonly steps: readonly [number, number];
  /** Metric of the baselines' curves. */
  readonly baselineMetric: string;
  readonly paper: PaperLosses;
}

/** Mean curves with a band of one standard deviation over seeds, log y, the learned optimizer solid, the others dashed. */
export function chartLosses(measurements: readonly Measurement[], panel: LossPanel): Chart {
  const [first, last] = panel.steps;
  const shown = [...new Set(measurements.map(({ step }) => step))]
    .filter((step) => step >= first && step <= last)
    .sort((a, b) => a - b);
  const curves = subjects.flatMap((subject) =>
    shown.flatMap((step) => {
      const metric = subject === 'lstm' ? 'loss' : panel.baselineMetric;
      const losses = [...lossesBySeed(measurements, subject, step, metric).values()];
      if (losses.length === 0) return [];
      const { mean, standardDeviation } = describeValues(losses);
      // A logarithmic axis has no place for what a symmetric band may hold below the smallest loss seen.
      const low = Math.max(mean - standardDeviation, Math.min(...losses));
      const high = mean + standardDeviation;
      return [{ method: subjectLabels[subject], step, loss: round(mean), low: round(low), high: round(high) }];
    }),
  );
  const paper = Object.entries(panel.paper).flatMap(([step, losses]) =>
    Object.entries(losses).map(([subject, loss]) => ({
      method: subjectLabels[subject as keyof typeof subjectLabels],
      step: Number(step),
      loss,
    })),
  );
  const methods = subjects.map((subject) => subjectLabels[subject]);
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'optimization step',
    scale: { domain: [first, last], nice: false },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: panel.yTitle,
    scale: { type: 'log', nice: false },
    axis: { format: '~g', tickCount: 8 },
  });
  const colour = {
    field: 'method',
    type: 'nominal',
    title: null,
    scale: { domain: methods, range: subjects.map((subject) => colours[subject]) },
  };
  return {
    title: panel.title,
    caption: panel.caption,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      width: 420,
      height: 300,
      layer: [
        {
          data: { values: curves },
          mark: { type: 'area', opacity: 0.15, clip: true },
          encoding: { x, y: y('low'), y2: { field: 'high' }, color: { ...colour, legend: null } },
        },
        {
          data: { values: curves },
          mark: { type: 'line', strokeWidth: 2, clip: true },
          encoding: {
            x,
            y: y('loss'),
            color: colour,
            strokeDash: {
              field: 'method',
              type: 'nominal',
              title: null,
              scale: { domain: methods, range: subjects.map((subject) => (subject === 'lstm' ? [1, 0] : [5, 3])) },
            },
          },
        },
        {
          data: { values: paper.filter(({ step }) => step >= first && step <= last) },
          mark: { type: 'point', shape: 'diamond', size: 70, filled: false, strokeWidth: 1.5, clip: false },
          encoding: { x, y: y('loss'), color: { ...colour, legend: null } },
        },
      ],
      config: {
        axis: { labelFontSize: 12, titleFontSize: 13, gridOpacity: 0.5 },
        legend: { labelFontSize: 12, symbolStrokeWidth: 2, symbolSize: 300 },
        view: { stroke: '#888' },
      },
    },
  };
}

/** Six digits are more than a pixel shows, and keep reports small. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}
