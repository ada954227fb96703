/** Figure 6, two tables and a verdict; pure functions of the measurements. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { type Estimate, estimateOf, pairedDifference, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import type { PerceptronNormalization } from '../models/perceptron-layers.ts';
import { chartLearningCurves } from './chart-learning-curves.ts';
import { type CurveName, subjectOf } from './evaluate-permutation-invariant-mnist.ts';
import { bestOf, firstStepAt, secondsPerUpdate, shareOfBaselineTime } from './learning-curves.ts';

/** What the paper proposes first. */
const labels = {
  layer: 'layer normalization',
  batch: 'batch normalization',
  none: 'no normalization',
} as const satisfies Record<PerceptronNormalization, string>;
export const normalizations = Object.keys(labels) as readonly PerceptronNormalization[];

interface Scale {
  readonly batchSizes: readonly [number, number];
  readonly epochs: number;
  readonly hiddenUnits: readonly number[];
}

const titles = {
  trainingLoss: { title: 'Training negative log likelihood', y: 'nats' },
  testError: { title: 'Test error', y: 'share of the test images' },
  testLoss: { title: 'Test negative log likelihood', y: 'nats' },
} as const satisfies Partial<Record<CurveName, { title: string; y: string }>>;

export function summarizePerceptrons(rows: readonly Measurement[], params: Scale): Summary {
  const curves = Object.keys(titles) as readonly (keyof typeof titles)[];
  // The first measurement is that of the untrained network: it would set the scale.
  const trained = rows.filter(({ metric, step }) => step > 0 || !(metric in titles));
  return {
    verdict: judgePerceptrons(rows, params),
    tables: [tabulateEnds(rows, params), tabulateSpeed(rows, params)],
    charts: curves.flatMap((metric) =>
      params.batchSizes.map((size) => {
        const epoch = updatesPerEpoch(rows, size);
        return chartLearningCurves(trained, {
          title: `${titles[metric].title}, minibatches of ${size}`,
          caption: `Figure 6: mean over seeds, the band one standard error${epoch ? `; ${epoch} updates are an epoch` : ''}.`,
          metric,
          yTitle: titles[metric].y,
          subjects: Object.fromEntries(normalizations.map((kind) => [subjectOf(size, kind), labels[kind]])),
          logarithmic: true,
        });
      }),
    ),
    remarks: [
      'The paper gives Figure 6 without numbers: its test errors lie between 0.5 and 2.5 % over 60 epochs, with 1000 units a layer.',
      'Roughness is the root mean square of the differences between one measurement of the test negative log likelihood and the next, after the first epoch.',
      'Seconds are one core’s, the median over rounds in which the networks take turns.',
      'All networks of a seed start from the same weights and see the same minibatches, which is why differences are paired. Nothing is selected by the test images.',
    ],
  };
}

function updatesPerEpoch(rows: readonly Measurement[], batchSize: number): number | undefined {
  const subjects = normalizations.map((kind) => subjectOf(batchSize, kind));
  return rows.find(({ metric, subject }) => metric === 'updatesPerEpoch' && subjects.includes(subject))?.value;
}

/** Values of a curve at its end; no seeds where it was not measured. */
function endOf(rows: readonly Measurement[], metric: string, subject: string): ReadonlyMap<number, number> {
  const last = stepsOf(rows, { metric, subject }).at(-1);
  return last === undefined ? new Map() : valuesBySeed(rows, { metric, subject }, last);
}

const estimate = (values: ReadonlyMap<number, number>): Estimate => estimateOf([...values.values()]);

/** Root mean square of the differences between one measurement of a seed and the next, after the first epoch: 0 is smooth. */
export function roughnessBySeed(
  rows: readonly Measurement[],
  { metric, subject }: { readonly metric: string; readonly subject: string },
  firstUpdate: number,
): ReadonlyMap<number, number> {
  const late = rows.filter((row) => row.metric === metric && row.subject === subject && row.step >= firstUpdate);
  return new Map(
    [...Map.groupBy(late, ({ seed }) => seed)].map(([seed, points]) => {
      const values = points.sort((a, b) => a.step - b.step).map(({ value }) => value);
      const squares = values.slice(1).map((value, index) => (value - values[index]!) ** 2);
      return [seed, Math.sqrt(squares.reduce((sum, square) => sum + square / squares.length, 0))];
    }),
  );
}

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
const fewestSeeds = 3;

/**
 * Holds where, with the smaller minibatches, layer normalization errs less than batch normalization by more than two
 * standard errors of the paired difference; where it loses less than that by the smaller minibatches; and where with both
 * sizes it is sooner at the other's lowest training curve.
 */
export function judgePerceptrons(rows: readonly Measurement[], params: Scale): Verdict {
  const [large, small] = params.batchSizes;
  const missing = normalizations.filter((kind) =>
    params.batchSizes.some((size) => endOf(rows, 'testError', subjectOf(size, kind)).size === 0),
  );
  if (missing.length > 0) {
    return { outcome: 'inconclusive', reason: `Not measured: ${missing.map((kind) => labels[kind]).join(', ')}.` };
  }
  const error = (size: number, kind: PerceptronNormalization) =>
    estimate(endOf(rows, 'testError', subjectOf(size, kind))).mean;
  const step = stepsOf(rows, { metric: 'testError', subject: subjectOf(small, 'layer') }).at(-1)!;
  const difference = pairedDifference(rows, 'testError', {
    ...{ subject: subjectOf(small, 'layer'), baseline: subjectOf(small, 'batch'), step },
  });
  const rise = (kind: PerceptronNormalization) => error(small, kind) - error(large, kind);
  const shares = params.batchSizes.map((size) => shareOfBatchNormalization(rows, size, 'layer')?.steps);
  const describe = (size: number) =>
    `with minibatches of ${size} the test error is ${percent(error(size, 'layer'))} with layer normalization, ${percent(error(size, 'batch'))} with batch normalization, ${percent(error(size, 'none'))} with neither`;
  const sayShare = (share: number | undefined) =>
    share === undefined ? 'never' : String(Number(share.toPrecision(2)));
  const reason =
    `After ${params.epochs} epochs at ${params.hiddenUnits.join('-')} units, over ${difference.seeds} seed(s), ${describe(large)}; ${describe(small)}: ` +
    `paired difference ${percent(difference.mean)}${difference.seeds > 1 ? ` with standard error ${percent(difference.standardError)}` : ''}. ` +
    `From ${large} to ${small} images layer normalization loses ${percent(rise('layer'))}, batch normalization ${percent(rise('batch'))}. ` +
    `Layer normalization is at batch normalization's lowest training negative log likelihood after this share of its updates: ` +
    `minibatches of ${large}: ${sayShare(shares[0])}; of ${small}: ${sayShare(shares[1])}.`;
  if (difference.seeds < fewestSeeds) {
    const few = `Too few seeds: ${difference.seeds}, at least ${fewestSeeds} are needed.`;
    return { outcome: 'inconclusive', reason: `${few} ${reason}` };
  }
  const failed = [
    ...(difference.mean < -2 * difference.standardError
      ? []
      : [`with minibatches of ${small} it does not err less than batch normalization`]),
    ...(rise('layer') < rise('batch') ? [] : ['it loses as much by small minibatches']),
    ...(shares.every((share) => share !== undefined && share < 1)
      ? []
      : ['it does not train faster with both sizes of minibatch']),
  ];
  if (failed.length === 0) return { outcome: 'holds', reason };
  return { outcome: 'does not hold', reason: `Layer normalization: ${failed.join('; ')}. ${reason}` };
}

function shareOfBatchNormalization(rows: readonly Measurement[], size: number, kind: PerceptronNormalization) {
  const [subject, baseline] = [subjectOf(size, kind), subjectOf(size, 'batch')];
  return shareOfBaselineTime(rows, 'trainingLoss', { subject, baseline, better: 'lower' });
}

function tabulateEnds(rows: readonly Measurement[], { batchSizes, epochs }: Scale): Table {
  const cells = batchSizes.flatMap((size) =>
    normalizations.flatMap((kind) => {
      const subject = subjectOf(size, kind);
      const error = estimate(endOf(rows, 'testError', subject));
      if (error.seeds === 0) return [];
      const first = updatesPerEpoch(rows, size) ?? 0;
      const roughness = estimate(roughnessBySeed(rows, { metric: 'testLoss', subject }, first));
      const row = [
        ...[size, labels[kind], 100 * error.mean, errorOf(error, 100)],
        ...(['testLoss', 'trainingLoss'] as const).map((metric) => estimate(endOf(rows, metric, subject)).mean),
        ...[roughness.mean, errorOf(roughness), error.seeds],
      ];
      return [row, ...(kind === 'batch' ? rowByLargeStatistics(rows, size) : [])];
    }),
  );
  return {
    title: `After ${epochs} epochs: means over seeds`,
    columns: [
      { label: 'minibatch' },
      { label: 'network' },
      { label: 'test error, %' },
      { label: 'standard error', digits: 2 },
      { label: 'test negative log likelihood, nats' },
      { label: 'training negative log likelihood, nats' },
      { label: 'roughness of the test curve, nats' },
      { label: 'standard error', digits: 2 },
      { label: 'seeds' },
    ],
    rows: cells,
  };
}

function errorOf({ standardError, seeds }: Estimate, factor = 1): number | undefined {
  return seeds > 1 ? factor * standardError : undefined;
}

function rowByLargeStatistics(rows: readonly Measurement[], size: number): (string | number | undefined)[][] {
  const subject = subjectOf(size, 'batch');
  const error = estimate(endOf(rows, 'testErrorByLargeStatistics', subject));
  if (error.seeds === 0) return [];
  const loss = estimate(endOf(rows, 'testLossByLargeStatistics', subject)).mean;
  const label = 'batch normalization, tested by statistics of 500 training images at a time';
  const unmeasured = [undefined, undefined, undefined];
  return [[size, label, 100 * error.mean, errorOf(error, 100), loss, ...unmeasured, error.seeds]];
}

function tabulateSpeed(rows: readonly Measurement[], { batchSizes }: Scale): Table {
  const cells = batchSizes.flatMap((size) => {
    const best = bestOf(rows, { metric: 'trainingLoss', subject: subjectOf(size, 'batch') }, 'lower');
    if (!best) return [];
    return normalizations.map((kind) => {
      const subject = subjectOf(size, kind);
      const share = shareOfBatchNormalization(rows, size, kind);
      const step = firstStepAt(rows, { metric: 'trainingLoss', subject }, best.mean, 'lower');
      const seconds = secondsPerUpdate(rows, subject);
      const finite = (value: number | undefined) => (Number.isFinite(value) ? value : undefined);
      return [size, labels[kind], finite(1e6 * seconds), step, share?.steps, finite(share?.seconds)];
    });
  });
  return {
    title: 'To the lowest training negative log likelihood of batch normalization, in the mean over seeds',
    columns: [
      { label: 'minibatch' },
      { label: 'network' },
      { label: 'µs an update' },
      { label: 'updates', digits: 6 },
      { label: 'share of batch normalization’s updates' },
      { label: 'share of its time' },
    ],
    rows: cells,
  };
}
