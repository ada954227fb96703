import type { Measurement, Summary } from '../../pipeline/experiment.ts';
import { familyNames } from '../analysis/output-families.ts';
import type { GeometryParams } from './geometry.ts';
import { fitExponent, geometryMetrics, modelNames, readGeometry } from './geometry-metrics.ts';
export function summarizeGeometry(measurements: readonly Measurement[], params: GeometryParams): Summary {
  const g = readGeometry(measurements);
  for (const m of modelNames) {
    for (const f of familyNames) {
      const e = g.curve(geometryMetrics.metricError(f), m),
        k = g.curve(geometryMetrics.divergence(f), m);
      console.error(
        m,
        f,
        'exp',
        fitExponent(e),
        'rel',
        e.map((x, i) => x.mean! / k[i]!.mean!),
        'def',
        g.value(geometryMetrics.definition(f), m)?.greatest,
        g.value(geometryMetrics.ownUnit(f), m)?.mean,
        'gain',
        g.value(geometryMetrics.gain(f), m)?.mean,
      );
    }
    console.error(
      m,
      'angle',
      fitExponent(g.curve(geometryMetrics.angle, m)),
      g.curve(geometryMetrics.angle, m)[0]?.mean,
      'block',
      fitExponent(g.curve(geometryMetrics.ownWeights, m)),
      'radial',
      g.curve(geometryMetrics.radial, m).map((x) => x.greatest),
    );
    for (const r of params.learningRates)
      console.error(
        m,
        r,
        'growth',
        g.value(geometryMetrics.leastGrowth(r), m)?.least,
        'loss',
        g.value(geometryMetrics.loss(r), m)?.mean,
        'norm',
        g
          .curve(geometryMetrics.weightNorm(r), m)
          .filter((_, i, a) => i === 0 || i === a.length - 1)
          .map((x) => x.mean),
      );
  }
  for (const k of ['ownBlocks', 'wholeMatrix', 'exactAlongWeights', 'printedAlongWeights'] as const)
    console.error(
      k,
      g.curve(geometryMetrics[k], 'layer').map((x) => x.mean),
      fitExponent(g.curve(geometryMetrics[k], 'layer')),
    );
  return { verdict: { outcome: 'inconclusive', reason: '' }, tables: [], charts: [] };
}
