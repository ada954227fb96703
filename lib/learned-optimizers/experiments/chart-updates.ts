/** Figures 10 to 13, redrawn from our measurements as Vega-Lite specifications with their data inline. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';

const labels = { lstm: 'LSTM', adam: 'ADAM', sgd: 'SGD' } as const;
const schema = 'https://vega.github.io/schema/vega-lite/v6.json';
const colour = {
  field: 'method',
  type: 'nominal',
  title: null,
  scale: { domain: Object.values(labels) },
  legend: { symbolType: 'stroke', symbolSize: 600 },
};

/** Figure 10: one coordinate's updates over a trajectory. Undefined where they were not measured. */
export function chartHistory(measurements: readonly Measurement[], coordinate: number): Chart | undefined {
  const values = measurements
    .filter(({ metric }) => metric === `update of coordinate ${coordinate}`)
    .map(({ subject, step, value }) => ({ method: labelOf(subject), step, update: round(value) }));
  if (values.length === 0) return undefined;
  return {
    title: `Updates of coordinate ${coordinate}`,
    caption:
      'Figure 10: the update that each optimizer proposes to one colour of one pixel, along the learned optimizer’s trajectory.',
    spec: {
      $schema: schema,
      data: { values },
      mark: { type: 'line' },
      encoding: {
        x: { field: 'step', type: 'quantitative', title: 'optimization step', scale: { nice: false } },
        y: { field: 'update', type: 'quantitative', title: 'update (pixel value)' },
        color: colour,
      },
    },
  };
}

/** Figures 11 to 13: what would be proposed for another gradient, a small panel a step. Undefined where it was not measured. */
export function chartSweeps(
  measurements: readonly Measurement[],
  coordinate: number,
  { sweptSteps, sweepRange }: { readonly sweptSteps: number; readonly sweepRange: number },
): Chart | undefined {
  const pattern = new RegExp(`^proposed at step (\\d+), coordinate ${coordinate}$`);
  const proposed = measurements.flatMap(({ metric, subject, step: gradient, value }) => {
    const match = pattern.exec(metric);
    return match ? [{ step: Number(match[1]), method: labelOf(subject), gradient, update: round(value) }] : [];
  });
  if (proposed.length === 0) return undefined;
  const rate = measurements.find(({ metric, subject }) => metric === 'learning rate' && subject === 'sgd')?.value;
  // SGD has no history: it is the same line at every step, clipped to what the others need.
  const most = Math.max(...proposed.map(({ update }) => Math.abs(update)));
  const line =
    rate === undefined
      ? []
      : Array.from({ length: sweptSteps }, (_, index) =>
          [-1, 1].map((side) => {
            const gradient = side * Math.min(sweepRange, most / rate);
            return { step: index + 1, method: labels.sgd, gradient, update: round(-rate * gradient) };
          }),
        ).flat();
  return {
    title: `Coordinate ${coordinate}: proposed update against gradient, steps 1 to ${sweptSteps}`,
    caption: `Figure ${10 + coordinate}: the update that each optimizer would propose, had the gradient of this coordinate been another at this step, the history being the learned optimizer’s. SGD’s line is cut where it leaves the panel.`,
    spec: {
      $schema: schema,
      data: { values: [...proposed, ...line] },
      facet: { field: 'step', type: 'ordinal', title: 'step', header: { labelPadding: 2 } },
      columns: 4,
      spacing: 12,
      spec: {
        width: 130,
        height: 80,
        mark: { type: 'line', clip: true },
        encoding: {
          x: {
            field: 'gradient',
            type: 'quantitative',
            title: null,
            scale: { domain: [-sweepRange, sweepRange], nice: false },
            axis: { tickCount: 3 },
          },
          y: { field: 'update', type: 'quantitative', title: null, axis: { tickCount: 3 } },
          color: colour,
        },
      },
    },
  };
}

function labelOf(subject: string): string {
  return labels[subject as keyof typeof labels];
}

/** Six digits are more than a pixel shows, and keep reports small. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}
