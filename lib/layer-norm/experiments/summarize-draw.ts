/** Figure 4, a table, samples and a verdict; pure functions of what was measured. */
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement, Summary, SummaryImage, Table, Verdict } from '../../pipeline/experiment.ts';
import { type Estimate, estimateOf, pairedDifference, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { chartLearningCurves } from './chart-learning-curves.ts';
import { type DrawVariant, drawVariants, listSubjects, subjectOf } from './draw-subjects.ts';
import { bestOf, firstStepAt, secondsPerUpdate, shareOfBaselineTime } from './learning-curves.ts';

const labels = { layer: 'layer normalization', none: 'no normalization' } as const satisfies Record<
  DrawVariant,
  string
>;

interface Scale {
  readonly glimpses: number;
  readonly units: number;
  readonly batchSize: number;
  readonly updates: number;
  /** The first one is the published code's. */
  readonly initialDeviations: readonly number[];
}

/** The paper's bounds on test images after 200 epochs, in nats. */
const paperBounds = { layer: 82.09, none: 82.36 } as const satisfies Record<DrawVariant, number>;
const trainingImages = 50_000;
const fewestSeeds = 3;
/** A tenth of the paper's: before that, curves say how networks begin, not where they end. */
const fewestEpochs = 20;

export function summarizeDraw(
  rows: readonly Measurement[],
  params: Scale,
  images: readonly EvaluationImage[] = [],
): Summary {
  return {
    verdict: judgeDraw(rows, params),
    tables: [tabulateBounds(rows, params), tabulateSpeed(rows, params)],
    charts: params.initialDeviations.flatMap((deviation) => {
      const subjects = Object.fromEntries(drawVariants.map((kind) => [subjectOf(deviation, kind), labels[kind]]));
      return [
        chartLearningCurves(rows, {
          title: `Variational bound on validation images, ${weightsFrom(deviation)}`,
          caption: `Figure 4: mean over seeds, the band one standard error; ${Math.round(trainingImages / params.batchSize)} updates are an epoch.`,
          metric: 'bound',
          yTitle: 'bound (nats)',
          subjects,
          logarithmic: true,
        }),
        chartLearningCurves(rows, {
          title: `The bound’s second term, ${weightsFrom(deviation)}`,
          caption: 'What the latents say of an image: at zero nats a network draws without looking.',
          metric: 'divergence',
          yTitle: 'divergence of the latents (nats)',
          subjects,
        }),
      ];
    }),
    images: images.map(showSamples),
    remarks: [
      'A bound is an upper bound on −log p(x) a test image, with one sample of the latents; lower is better.',
      'Both networks of a seed start from the same weights and see the same minibatches and the same noise, which is why differences are paired.',
      'Seconds are one core’s, the median over rounds in which the networks take turns.',
    ],
  };
}

/**
 * Holds where layer normalization, from weights of the published deviation, ends at a lower bound than the network without,
 * from whichever deviation is best for that one, by more than two standard errors of the paired difference; and where it is
 * sooner at that one's lowest bound. A network that merely starts badly is no baseline.
 */
export function judgeDraw(rows: readonly Measurement[], params: Scale): Verdict {
  const { glimpses, units, batchSize, updates, initialDeviations } = params;
  const missing = listSubjects(params).filter(({ subject }) => testBound(rows, subject, updates).seeds === 0);
  if (missing.length > 0) {
    const names = missing.map(({ normalization, initialDeviation }) => {
      return `${labels[normalization]}, ${weightsFrom(initialDeviation)}`;
    });
    return { outcome: 'inconclusive', reason: `Not measured: ${names.join('; ')}.` };
  }
  const published = initialDeviations[0]!;
  const bound = (deviation: number, kind: DrawVariant) => testBound(rows, subjectOf(deviation, kind), updates).mean;
  const best = initialDeviations.reduce((a, b) => (bound(b, 'none') < bound(a, 'none') ? b : a));
  const pair = { subject: subjectOf(published, 'layer'), baseline: subjectOf(best, 'none') };
  const difference = pairedDifference(rows, 'test bound', { ...pair, step: updates });
  const share = shareOfBaselineTime(rows, 'bound', { ...pair, better: 'lower' });
  const epochs = (updates * batchSize) / trainingImages;
  const error = difference.seeds > 1 ? ` with standard error ${number(difference.standardError)}` : '';
  const reason = [
    `After ${updates} updates (${number(epochs)} epochs, ${glimpses} glimpses, ${units} units), over ${difference.seeds} seed(s), bounds on test images are`,
    `${initialDeviations.map((deviation) => `with ${weightsFrom(deviation)} ${number(bound(deviation, 'layer'))} nats with layer normalization and ${number(bound(deviation, 'none'))} without`).join(', ')}.`,
    `Layer normalization with ${weightsFrom(published)} against none with ${weightsFrom(best)}: paired difference ${number(difference.mean)}${error};`,
    share
      ? `it is at the other network's lowest validation bound after ${number(share.steps)} of its updates and ${number(share.seconds)} of its time.`
      : "it does not reach the other network's lowest validation bound.",
  ].join(' ');
  if (difference.seeds < fewestSeeds) {
    const few = `Too few seeds: ${difference.seeds}, at least ${fewestSeeds} are needed.`;
    return { outcome: 'inconclusive', reason: `${few} ${reason}` };
  }
  if (epochs < fewestEpochs) {
    const short = `Wrong scale: ${number(epochs)} epochs, the paper's curves are of 200.`;
    return { outcome: 'inconclusive', reason: `${short} ${reason}` };
  }
  const isLower = difference.mean < -2 * difference.standardError;
  const isFaster = share !== undefined && share.steps < 1;
  return { outcome: isLower && isFaster ? 'holds' : 'does not hold', reason };
}

function weightsFrom(deviation: number): string {
  return `weights from N(0, ${deviation}²)`;
}

function testBound(rows: readonly Measurement[], subject: string, updates: number): Estimate {
  return estimateOf([...valuesBySeed(rows, { metric: 'test bound', subject }, updates).values()]);
}

function tabulateBounds(rows: readonly Measurement[], params: Scale): Table {
  return {
    title: `Variational bound on test images after ${params.updates} updates: mean over seeds, in nats`,
    columns: [
      { label: 'initial weights’ deviation' },
      { label: 'network' },
      { label: 'bound', digits: 4 },
      { label: 'standard error', digits: 2 },
      { label: 'of it divergence' },
      { label: 'seeds' },
      { label: 'paper, after 200 epochs', digits: 4 },
    ],
    rows: listSubjects(params).flatMap(({ subject, normalization, initialDeviation }) => {
      const bound = testBound(rows, subject, params.updates);
      if (bound.seeds === 0) return [];
      const divergences = valuesBySeed(rows, { metric: 'test divergence', subject }, params.updates);
      const divergence = estimateOf([...divergences.values()]).mean;
      const error = bound.seeds > 1 ? bound.standardError : undefined;
      const paper = initialDeviation === params.initialDeviations[0] ? paperBounds[normalization] : undefined;
      return [[initialDeviation, labels[normalization], bound.mean, error, divergence, bound.seeds, paper]];
    }),
  };
}

function tabulateSpeed(rows: readonly Measurement[], params: Scale): Table {
  const cells = listSubjects(params).map(({ subject, normalization, initialDeviation }) => {
    const baseline = subjectOf(initialDeviation, 'none');
    const best = bestOf(rows, { metric: 'bound', subject: baseline }, 'lower');
    const share = shareOfBaselineTime(rows, 'bound', { subject, baseline, better: 'lower' });
    const step = best && firstStepAt(rows, { metric: 'bound', subject }, best.mean, 'lower');
    const milliseconds = 1000 * secondsPerUpdate(rows, subject);
    const finite = (value: number | undefined) => (Number.isFinite(value) ? value : undefined);
    const paperShare = normalization === 'none' ? 1 : 'almost half';
    const paper = initialDeviation === params.initialDeviations[0] ? paperShare : undefined;
    const shares = [finite(share?.steps), finite(share?.seconds)];
    return [initialDeviation, labels[normalization], finite(milliseconds), step, ...shares, paper];
  });
  return {
    title: 'To the lowest validation bound of the network without normalization',
    columns: [
      { label: 'initial weights’ deviation' },
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
  const [deviation, variant] = name.split('/') as [string, DrawVariant];
  return {
    title: `Samples, ${labels[variant]}, ${weightsFrom(Number(deviation.slice('deviation-'.length)))}`,
    caption: 'From the prior, a sample a row: the canvas from an early glimpse on the left to the last on the right.',
    ...image,
  };
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
