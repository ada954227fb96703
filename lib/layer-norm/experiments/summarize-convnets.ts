/** Tables, charts and the verdict on §6.7; pure functions of what was measured. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { type Estimate, estimateOf, pairedDifference, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { chartLearningCurves } from './chart-learning-curves.ts';
import { chartUnitStatistics } from './chart-unit-statistics.ts';
import {
  convnetModels,
  curveMeanMetric,
  learningRateMetric,
  normalizations,
  testErrorMetric,
  testLossMetric,
  trainingImagesMetric,
  unitDeviationMetric,
  unitsOnMetric,
  validationError,
  validationLoss,
} from './convnet-metrics.ts';
import { secondsPerUpdate, shareOfBaselineTime } from './learning-curves.ts';

const fewestSeeds = 5;
/** With fewer, what is measured is a place holder. */
const fewestImages = 10_000;

export function summarizeConvnets(
  rows: readonly Measurement[],
  { filters }: { readonly filters: readonly number[] },
): Summary {
  const units = chartUnitStatistics(rows, filters.length);
  return {
    verdict: judge(rows),
    tables: [tabulateModels(rows), ...filters.map((_, layer) => tabulateUnits(rows, layer))],
    charts: [
      ...(
        [
          [validationLoss, 'Validation loss', 'nats', true],
          [validationError, 'Validation error', 'share of images', true],
        ] as const
      ).map(([metric, title, yTitle, logarithmic]) =>
        chartLearningCurves(rows, {
          title,
          caption:
            'Mean over seeds, the band one standard error; each normalization with the learning rate that was best by validation. Seconds are updates times the median time of one, measured in turns on one machine.',
          metric,
          yTitle,
          subjects: convnetModels,
          logarithmic,
        }),
      ),
      ...(units ? [units] : []),
    ],
    remarks: [
      'The paper gives §6.7 in words: there are no numbers to put beside ours.',
      'All networks of a seed start from the same filters and see the same minibatches; differences are paired by seed, and count where they exceed two standard errors.',
    ],
  };
}

function valuesOf(rows: readonly Measurement[], subject: string, metric: string): readonly number[] {
  return [...valuesBySeed(rows, { metric, subject }, 0).values()];
}

function tabulateModels(rows: readonly Measurement[]): Table {
  const body = normalizations.map((subject) => {
    const mean = (metric: string, factor = 1) => {
      const { mean, standardError, seeds } = estimateOf(valuesOf(rows, subject, metric));
      if (seeds === 0) return;
      const error = seeds > 1 ? ` ± ${(factor * standardError).toPrecision(2)}` : '';
      return `${(factor * mean).toPrecision(3)}${error}`;
    };
    const seconds = secondsPerUpdate(rows, subject);
    const share = shareOfBaselineTime(rows, validationLoss, { subject, baseline: 'none', better: 'lower' });
    const finite = (value: number | undefined) => (Number.isFinite(value) ? value : undefined);
    return [
      convnetModels[subject],
      [...new Set(valuesOf(rows, subject, learningRateMetric))].sort((a, b) => a - b).join(', ') || undefined,
      mean(curveMeanMetric),
      mean(testLossMetric),
      mean(testErrorMetric, 100),
      finite(1000 * seconds),
      finite(share && 100 * share.steps),
      finite(share && 100 * share.seconds),
    ];
  });
  return {
    title: 'Convolutional networks, mean ± standard error over seeds',
    columns: [
      { label: 'model' },
      { label: 'learning rates chosen' },
      { label: 'mean ln(validation loss)' },
      { label: 'test loss (nats)' },
      { label: 'test error (%)' },
      { label: 'ms an update' },
      { label: '% of the plain network’s updates to its best loss' },
      { label: '% of its time' },
    ],
    rows: body,
  };
}

/** A layer's units at the edge and at the centre. */
function tabulateUnits(rows: readonly Measurement[], layer: number): Table {
  const body = normalizations.map((subject) => {
    const at = (metric: string, place: 'edge' | 'centre') => {
      const step = stepsOf(rows, { metric, subject }).at(place === 'edge' ? 0 : -1);
      if (step === undefined) return;
      return estimateOf([...valuesBySeed(rows, { metric, subject }, step).values()]).mean;
    };
    const [on, deviation] = [unitsOnMetric(layer), unitDeviationMetric(layer)];
    return [convnetModels[subject], at(on, 'edge'), at(on, 'centre'), at(deviation, 'edge'), at(deviation, 'centre')];
  });
  return {
    title: `Units of layer ${layer + 1} at the image’s edge and at its centre`,
    columns: [
      { label: 'model' },
      { label: 'on at the edge (share of images)' },
      { label: 'on at the centre' },
      { label: 'deviation over images at the edge' },
      { label: 'deviation at the centre' },
    ],
    rows: body,
  };
}

/** Holds where layer normalization learns faster than none and batch normalization faster than it; either can refute. */
function judge(rows: readonly Measurement[]): Verdict {
  const pairs = [
    { subject: 'layer', baseline: 'none' },
    { subject: 'batch', baseline: 'layer' },
  ] as const;
  const compared = pairs.map((pair) => ({
    ...pair,
    curve: pairedDifference(rows, curveMeanMetric, { ...pair, step: 0 }),
    error: pairedDifference(rows, testErrorMetric, { ...pair, step: 0 }),
  }));
  const seeds = Math.min(...compared.map(({ curve }) => curve.seeds));
  if (seeds === 0) return { outcome: 'inconclusive', reason: 'Not measured: all three normalizations.' };
  const numbers = compared
    .map(({ subject, baseline, curve, error }) => {
      const names = `${convnetModels[subject]} minus ${convnetModels[baseline]}`;
      return `${names[0]!.toUpperCase()}${names.slice(1)}, paired by seed (${seeds}): ln(validation loss) averaged over the curve ${write(curve)}, test error ${write(error, 100)} percentage points.`;
    })
    .join(' ');
  const images = valuesOf(rows, 'none', trainingImagesMetric)[0] ?? 0;
  if (images < fewestImages) {
    const reason = `Wrong scale: ${images} training images, at least ${fewestImages} are needed. ${numbers}`;
    return { outcome: 'inconclusive', reason };
  }
  if (seeds < fewestSeeds) {
    const reason = `Too few seeds: ${seeds}, at least ${fewestSeeds} are needed. ${numbers}`;
    return { outcome: 'inconclusive', reason };
  }
  const isFaster = compared.map(({ curve }) => curve.mean < -2 * curve.standardError);
  const isSlower = compared.map(({ curve }) => curve.mean > 2 * curve.standardError);
  const outcome = isFaster.every(Boolean) ? 'holds' : isSlower.some(Boolean) ? 'does not hold' : 'inconclusive';
  return { outcome, reason: numbers };
}

function write({ mean, standardError }: Estimate, factor = 1): string {
  const error = Number.isFinite(standardError) ? ` ± ${(factor * standardError).toPrecision(2)}` : '';
  return `${(factor * mean).toPrecision(3)}${error}`;
}
