/** Figure 4's panels, redrawn from our measurements as Vega-Lite specifications with their data inline. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { describeValues, lossesBySeed, type PaperLosses, subjectLabels, subjects } from './summarize-comparison.ts';

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
  return {
    title: panel.title,
    caption: panel.caption,
    spec: { $schema: schema, layer: layersOf(measurements, panel) },
  };
}

/** Several such panels side by side, each of its own measurements, under one legend. */
export function chartLossPanels(
  title: string,
  caption: string,
  panels: readonly (Omit<LossPanel, 'caption'> & { readonly measurements: readonly Measurement[] })[],
): Chart {
  const hconcat = panels.map(({ measurements, ...panel }) => ({
    title: panel.title,
    width: panelWidth,
    height: panelWidth,
    layer: layersOf(measurements, panel),
  }));
  return { title, caption, spec: { $schema: schema, hconcat } };
}

const schema = 'https://vega.github.io/schema/vega-lite/v6.json';
const panelWidth = 260;

/** What is so many times as high as where the highest curve starts is on its way to infinity, and would flatten all others. */
const highestShown = 30;

function highestStart(measurements: readonly Measurement[], baselineMetric: string, step: number): number {
  const means = subjects.flatMap((subject) => {
    const metric = subject === 'lstm' ? 'loss' : baselineMetric;
    const losses = [...lossesBySeed(measurements, subject, step, metric).values()];
    return losses.length > 0 ? [describeValues(losses).mean] : [];
  });
  return Math.max(...means.filter(Number.isFinite));
}

/** The paper's values over our curves over their bands. */
function layersOf(measurements: readonly Measurement[], panel: Omit<LossPanel, 'caption'>) {
  const [first, last] = panel.steps;
  const shown = [...new Set(measurements.map(({ step }) => step))]
    .filter((step) => step >= first && step <= last)
    .sort((a, b) => a - b);
  const ceiling = highestShown * highestStart(measurements, panel.baselineMetric, shown[0] ?? first);
  const curves = subjects.flatMap((subject) =>
    shown.flatMap((step) => {
      const metric = subject === 'lstm' ? 'loss' : panel.baselineMetric;
      const losses = [...lossesBySeed(measurements, subject, step, metric).values()];
      if (losses.length === 0) return [];
      const { mean, standardDeviation } = describeValues(losses);
      // A curve has a gap where one of its runs diverged, or is about to; the table says ∞.
      if (!(mean <= ceiling)) return [];
      // A logarithmic axis has no place for what a symmetric band may hold below the smallest loss seen.
      const low = Math.max(mean - standardDeviation, Math.min(...losses));
      const high = Math.min(mean + standardDeviation, ceiling);
      return [
        {
          method: subjectLabels[subject],
          step,
          loss: roundForChart(mean),
          low: roundForChart(low),
          high: roundForChart(high),
        },
      ];
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
  // One legend for all layers: each layer names the same scale, and none may take the legend away.
  const legend = { symbolType: 'stroke', symbolSize: 600 };
  const colour = { field: 'method', type: 'nominal', title: null, scale: { domain: methods }, legend };
  const dash = {
    ...colour,
    scale: { domain: methods, range: subjects.map((subject) => (subject === 'lstm' ? [1, 0] : [6, 3])) },
  };
  return [
    {
      data: { values: curves },
      mark: { type: 'area', clip: true },
      encoding: { x, y: y('low'), y2: { field: 'high' }, color: colour },
    },
    {
      data: { values: curves },
      mark: { type: 'line', clip: true },
      encoding: { x, y: y('loss'), color: colour, strokeDash: dash },
    },
    {
      data: { values: paper.filter(({ step }) => step >= first && step <= last) },
      mark: { type: 'point', shape: 'diamond', size: 90, filled: false, strokeWidth: 2, clip: false },
      encoding: { x, y: y('loss'), color: colour },
    },
  ];
}

/** Six digits are more than a pixel shows, and keep reports small. */
export function roundForChart(value: number): number {
  return Number(value.toPrecision(6));
}
