/** Figure 4, a table, samples and a verdict; pure functions of what was measured. */
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement, Summary, SummaryImage, Table, Verdict } from '../../pipeline/experiment.ts';
import type { DrawSettings } from '../models/draw.ts';
import { chartLearningCurves } from './chart-learning-curves.ts';
import {
  bestOf,
  type Estimate,
  estimateOf,
  firstStepAt,
  pairedDifference,
  secondsPerUpdate,
  shareOfBaselineTime,
  valuesBySeed,
} from './learning-curves.ts';

type Variant = DrawSettings['normalization'];
const labels = { layer: 'layer normalization', none: 'no normalization' } as const satisfies Record<Variant, string>;
/** What the paper proposes first. */
export const drawVariants = Object.keys(labels) as readonly Variant[];

interface Scale {
  readonly glimpses: number;
  readonly units: number;
  readonly batchSize: number;
  readonly updates: number;
}

/** The paper's bounds on test images after 200 epochs, in nats. */
const paperBounds = { layer: 82.09, none: 82.36 } as const satisfies Record<Variant, number>;
const trainingImages = 50_000;
const fewestSeeds = 3;

export function summarizeDraw(
  rows: readonly Measurement[],
  params: Scale,
  images: readonly EvaluationImage[] = [],
): Summary {
  return {
    verdict: judgeDraw(rows, params),
    tables: [tabulateBounds(rows, params), tabulateSpeed(rows)],
    charts: [
      chartLearningCurves(rows, {
        title: 'Variational bound on validation images',
        caption: `Figure 4: mean over seeds, the band one standard error; ${Math.round(trainingImages / params.batchSize)} updates are an epoch.`,
        metric: 'bound',
        yTitle: 'bound (nats)',
        subjects: labels,
        logarithmic: true,
      }),
      chartLearningCurves(rows, {
        title: 'The bound’s second term, the divergence of the latents from their prior',
        caption: 'What the latents say of an image: near zero a network draws without looking.',
        metric: 'divergence',
        yTitle: 'divergence (nats)',
        subjects: labels,
      }),
    ],
    images: images.map(showSamples),
    remarks: [
      'A bound is an upper bound on −log p(x) a test image, with one sample of the latents; lower is better.',
      'Both networks of a seed start from the same weights and see the same minibatches and the same noise, which is why differences are paired.',
      'Seconds are one core’s, the median over rounds in which the networks take turns.',
    ],
  };
}

export function judgeDraw(rows: readonly Measurement[], { glimpses, units, batchSize, updates }: Scale): Verdict {
  const { layer, none } = Object.fromEntries(
    drawVariants.map((variant) => [variant, testBound(rows, variant, updates)]),
  ) as Record<Variant, Estimate>;
  const missing = drawVariants.filter(
    (variant) => valuesBySeed(rows, { metric: 'test bound', subject: variant }, updates).size === 0,
  );
  if (missing.length > 0) {
    return {
      outcome: 'inconclusive',
      reason: `Not measured: ${missing.map((variant) => labels[variant]).join(', ')}.`,
    };
  }
  const difference = pairedDifference(rows, 'test bound', { subject: 'layer', baseline: 'none', step: updates });
  const share = shareOfBaselineTime(rows, 'bound', { subject: 'layer', baseline: 'none', better: 'lower' });
  const epochs = number((updates * batchSize) / trainingImages);
  const reason =
    `After ${updates} updates (${epochs} epochs, ${glimpses} glimpses, ${units} units) the bound on test images is ${number(layer.mean)} nats with layer normalization and ${number(none.mean)} without, ` +
    `over ${difference.seeds} seed(s): paired difference ${number(difference.mean)}${sayError(difference)}. ` +
    (share
      ? `Layer normalization is at the other network's lowest validation bound after ${number(share.steps)} of its updates and ${number(share.seconds)} of its time.`
      : "Layer normalization does not reach the other network's lowest validation bound.");
  if (difference.seeds < fewestSeeds) {
    const few = `Too few seeds: ${difference.seeds}, at least ${fewestSeeds} are needed.`;
    return { outcome: 'inconclusive', reason: `${few} ${reason}` };
  }
  const isLower = difference.mean < -2 * difference.standardError;
  const isFaster = share !== undefined && share.steps < 1;
  return { outcome: isLower && isFaster ? 'holds' : 'does not hold', reason };
}

function testBound(rows: readonly Measurement[], subject: Variant, updates: number): Estimate {
  return estimateOf([...valuesBySeed(rows, { metric: 'test bound', subject }, updates).values()]);
}

function tabulateBounds(rows: readonly Measurement[], { updates }: Scale): Table {
  return {
    title: `Variational bound on test images after ${updates} updates: mean over seeds, in nats`,
    columns: [
      { label: 'network' },
      { label: 'bound', digits: 4 },
      { label: 'standard error', digits: 2 },
      { label: 'of it divergence' },
      { label: 'seeds' },
      { label: 'paper, after 200 epochs', digits: 4 },
    ],
    rows: drawVariants.flatMap((variant) => {
      const bound = testBound(rows, variant, updates);
      if (bound.seeds === 0) return [];
      const divergences = valuesBySeed(rows, { metric: 'test divergence', subject: variant }, updates);
      const divergence = estimateOf([...divergences.values()]).mean;
      const error = bound.seeds > 1 ? bound.standardError : undefined;
      return [[labels[variant], bound.mean, error, divergence, bound.seeds, paperBounds[variant]]];
    }),
  };
}

function tabulateSpeed(rows: readonly Measurement[]): Table {
  const best = bestOf(rows, { metric: 'bound', subject: 'none' }, 'lower');
  const cells = drawVariants.map((variant) => {
    const share = shareOfBaselineTime(rows, 'bound', { subject: variant, baseline: 'none', better: 'lower' });
    const step = best && firstStepAt(rows, { metric: 'bound', subject: variant }, best.mean, 'lower');
    const milliseconds = 1000 * secondsPerUpdate(rows, variant);
    const finite = (value: number | undefined) => (Number.isFinite(value) ? value : undefined);
    const paperShare = variant === 'layer' ? 'almost half' : 1;
    return [labels[variant], finite(milliseconds), step, finite(share?.steps), finite(share?.seconds), paperShare];
  });
  return {
    title: 'To the lowest validation bound of the network without normalization',
    columns: [
      { label: 'network' },
      { label: 'ms an update' },
      { label: 'updates', digits: 6 },
      { label: 'share of updates' },
      { label: 'share of time' },
      { label: 'paper' },
    ],
    rows: cells,
  };
}

function showSamples({ name, ...image }: EvaluationImage): SummaryImage {
  const variant = name.slice(0, name.indexOf('/')) as Variant;
  return {
    title: `Samples, ${labels[variant]}`,
    caption: 'From the prior, a sample a row: the canvas from an early glimpse on the left to the last on the right.',
    ...image,
  };
}

function sayError({ standardError, seeds }: Estimate): string {
  return seeds > 1 ? ` with standard error ${number(standardError)}` : '';
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
