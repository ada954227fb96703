/** The charts of `timing`: time against pixels and against the radius; pure functions of the measurements. */
import type { Chart } from '../../pipeline/experiment.ts';
import { formatMeanAndDeviation } from '../../report/format-numbers.ts';
import type { TimingParams } from './timing.ts';
import { nonZeros, radiusGridOf } from './timing-grids.ts';
import { timingMetrics } from './timing-metrics.ts';
import { type CurvePoint, exponentOf, fitPower, type TimingNumbers } from './timing-numbers.ts';

/** Charts of what was measured. */
export function chartTiming(numbers: TimingNumbers, params: TimingParams): readonly Chart[] {
  const { classes, radius, radii, largeRadius } = params;
  const grid = radiusGridOf(params, largeRadius);
  const pairs = fitPower(radii.map((r) => ({ x: r, y: nonZeros(radiusGridOf(params, r)) })));
  return [
    ...chartCurves(
      {
        step: numbers.curves(timingMetrics.stepByPixels),
        affinities: numbers.curves(timingMetrics.affinitiesByPixels),
      },
      {
        title: 'Time against the size of the picture',
        x: 'pixels',
        caption: `R = ${radius}, ${classes} classes, one thread; one mark a picture.`,
      },
    ),
    ...chartCurves(
      {
        step: numbers.curves(timingMetrics.stepByRadius),
        affinities: numbers.curves(timingMetrics.affinitiesByRadius),
      },
      {
        title: 'Time against the radius',
        x: 'R',
        caption: `${grid.width} × ${grid.height} pixels, ${classes} classes, one thread; one mark a picture.${pairs ? ` Neighbours within the image, of which there are fewer near its border, go with R^${pairs.exponent.toFixed(2)} themselves.` : ''}`,
      },
    ),
  ];
}

interface CurveChart {
  readonly title: string;
  readonly caption: string;
  readonly x: string;
}

/** Both axes are logarithmic: a power of x is a line, and its exponent the slope. */
function chartCurves(
  curves: Readonly<Record<'step' | 'affinities', ReadonlyMap<number, readonly CurvePoint[]>>>,
  { title, caption, x }: CurveChart,
): readonly Chart[] {
  const labels = { step: 'a step', affinities: 'affinities of colours' } as const;
  const kinds = ['step', 'affinities'] as const;
  const marks = kinds.flatMap((kind) =>
    [...curves[kind].values()].flatMap((points) =>
      points.map((point) => ({ what: labels[kind], x: point.x, seconds: Number(point.y.toPrecision(4)) })),
    ),
  );
  const lines = kinds.flatMap((kind) => {
    const points = [...curves[kind].values()].flat();
    const fit = fitPower(points);
    if (!fit) return [];
    return [Math.min, Math.max].map((end) => {
      const at = end(...points.map((point) => point.x));
      return { what: labels[kind], x: at, seconds: Number((fit.factor * at ** fit.exponent).toPrecision(4)) };
    });
  });
  if (lines.length === 0) return [];
  const exponents = kinds.flatMap((kind) => {
    const exponent = exponentOf(curves[kind]);
    if (!exponent) return [];
    return [
      `${labels[kind]} goes with ${x}^${formatMeanAndDeviation(exponent.mean, exponent.count > 1 ? exponent.standardDeviation : undefined)}`,
    ];
  });
  const axis = { type: 'quantitative', scale: { type: 'log', nice: false } };
  const encoding = {
    x: { field: 'x', title: x, ...axis },
    y: { field: 'seconds', title: 'seconds', ...axis },
    color: { field: 'what', type: 'nominal', title: null },
  };
  return [
    {
      title,
      caption: `${caption} Lines are fitted powers: ${exponents.join(', ')} (mean ± deviation over pictures).`,
      spec: {
        $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
        layer: [
          { data: { values: lines }, mark: { type: 'line' }, encoding },
          { data: { values: marks }, mark: { type: 'point', filled: true, opacity: 0.7 }, encoding },
        ],
      },
    },
  ];
}
