/** Figure 6, a table, and a verdict; pure functions of the measurements. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import type { PerceptronNormalization } from '../models/perceptron-layers.ts';
import { chartCurves } from './chart-permutation-invariant-mnist.ts';
import {
  curvesBySeed,
  describeSpread,
  differences,
  eachSeed,
  networkLabels,
  normalizations,
  type Point,
  roughness,
  secondsPerUpdate,
  shareOfUpdates,
  updatesPerEpoch,
} from './perceptron-curves.ts';
import { type CurveName, largeStatisticsMetrics } from './perceptron-metrics.ts';

interface Scale {
  readonly batchSizes: readonly [number, number];
  readonly epochs: number;
  readonly hiddenUnits: readonly number[];
}

const lastOf = (points: readonly Point[]) => points.at(-1)!.value;

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
const fewestSeeds = 3;

export function judgePerceptrons(rows: readonly Measurement[], params: Scale): Verdict {
  const [large, small] = params.batchSizes;
  const missing = normalizations.filter((subject) =>
    params.batchSizes.some((size) => curvesBySeed(rows, 'testError', size, subject).size === 0),
  );
  if (missing.length > 0) {
    return {
      outcome: 'inconclusive',
      reason: `Not measured: ${missing.map((name) => networkLabels[name]).join(', ')}.`,
    };
  }
  const finals = (size: number, subject: PerceptronNormalization) =>
    eachSeed(curvesBySeed(rows, 'testError', size, subject), lastOf);
  const spread = (size: number, subject: PerceptronNormalization) =>
    describeSpread([...finals(size, subject).values()]);
  const difference = describeSpread(differences(finals(small, 'layer'), finals(small, 'batch')));
  /** How much more a network errs with the smaller minibatches. */
  const cost = (subject: PerceptronNormalization) =>
    describeSpread(differences(finals(small, subject), finals(large, subject)));
  const shares = params.batchSizes.map((size) => [...shareOfUpdates(rows, size, 'layer').values()]);
  const sayShares = (values: readonly number[]) =>
    values.map((share) => (Number.isFinite(share) ? Number(share.toPrecision(2)) : 'never')).join(', ');
  const describe = (size: number) =>
    `with minibatches of ${size} layer normalization ends at ${percent(spread(size, 'layer').mean)} ± ${percent(spread(size, 'layer').deviation)} test error, ` +
    `batch normalization at ${percent(spread(size, 'batch').mean)} ± ${percent(spread(size, 'batch').deviation)}, no normalization at ${percent(spread(size, 'none').mean)}`;
  const reason =
    `After ${params.epochs} epochs at ${params.hiddenUnits.join('-')} units, over ${difference.count} seeds, ${describe(large)}; ${describe(small)}: ` +
    `paired difference ${percent(difference.mean)} with standard error ${percent(difference.standardError)}. ` +
    `From ${large} to ${small} images the error rises by ${percent(cost('layer').mean)} with layer and ${percent(cost('batch').mean)} with batch normalization. ` +
    `Layer normalization reaches batch normalization's lowest training negative log likelihood in these shares of its updates, by seed: ` +
    `minibatches of ${large}: ${sayShares(shares[0]!)}; of ${small}: ${sayShares(shares[1]!)}.`;
  if (difference.count < fewestSeeds) {
    return {
      outcome: 'inconclusive',
      reason: `Too few seeds: ${difference.count}, at least ${fewestSeeds} are needed. ${reason}`,
    };
  }
  const isBelow = difference.mean < -2 * difference.standardError;
  const isRobust = cost('layer').mean < cost('batch').mean;
  const isFaster = shares.every((values) => describeSpread(values).mean < 1);
  const failed = [
    ...(isBelow ? [] : [`with minibatches of ${small} it does not err less than batch normalization`]),
    ...(isRobust ? [] : ['it loses as much by small minibatches']),
    ...(isFaster ? [] : ['it does not train faster with both sizes']),
  ];
  if (failed.length === 0) return { outcome: 'holds', reason };
  return { outcome: 'does not hold', reason: `Layer normalization: ${failed.join('; ')}. ${reason}` };
}

function tabulate(rows: readonly Measurement[], { batchSizes, epochs }: Scale): Table {
  const cells = batchSizes.flatMap((size) =>
    normalizations.flatMap((subject) => {
      const errors = curvesBySeed(rows, 'testError', size, subject);
      if (errors.size === 0) return [];
      const spreadOf = (curve: CurveName, of = lastOf) =>
        describeSpread([...eachSeed(curvesBySeed(rows, curve, size, subject), of).values()]);
      const error = spreadOf('testError');
      const perEpoch = updatesPerEpoch(rows, size) ?? 0;
      const rough = spreadOf('testLoss', (points) => roughness(points, perEpoch));
      const own = [
        100 * error.mean,
        100 * error.deviation,
        spreadOf('testLoss').mean,
        spreadOf('trainingLoss').mean,
        rough.mean,
        rough.deviation,
        errors.size,
      ];
      return [[size, networkLabels[subject], ...own], ...(subject === 'batch' ? largeStatistics(rows, size) : [])];
    }),
  );
  return {
    title: `After ${epochs} epochs: mean and standard deviation over seeds`,
    columns: [
      { label: 'minibatch' },
      { label: 'network' },
      { label: 'test error, %' },
      { label: 'standard deviation', digits: 2 },
      { label: 'test negative log likelihood, nats' },
      { label: 'training negative log likelihood, nats' },
      { label: 'roughness of the test curve, nats' },
      { label: 'standard deviation', digits: 2 },
      { label: 'seeds' },
    ],
    rows: cells,
  };
}

function largeStatistics(rows: readonly Measurement[], size: number): (string | number | undefined)[][] {
  const metrics = largeStatisticsMetrics(size);
  const valuesOf = (metric: string) => rows.filter((row) => row.metric === metric).map(({ value }) => value);
  const errors = valuesOf(metrics.error);
  if (errors.length === 0) return [];
  const error = describeSpread(errors);
  const loss = describeSpread(valuesOf(metrics.loss)).mean;
  const label = 'batch normalization, tested by statistics of 500 training images at a time';
  const unmeasured = [undefined, undefined, undefined];
  return [[size, label, 100 * error.mean, 100 * error.deviation, loss, ...unmeasured, errors.length]];
}

/** Until batch normalization's lowest training curve. */
function tabulateSpeed(rows: readonly Measurement[], { batchSizes }: Scale): Table {
  const cells = batchSizes.flatMap((size) =>
    normalizations.flatMap((subject) => {
      const shares = [...shareOfUpdates(rows, size, subject).values()];
      const seconds = secondsPerUpdate(rows, size, subject);
      const baseline = secondsPerUpdate(rows, size, 'batch');
      if (shares.length === 0 || seconds === undefined || baseline === undefined) return [];
      const share = describeSpread(shares).mean;
      const reached = Number.isFinite(share) ? share : undefined;
      const reachedTime = reached === undefined ? undefined : (reached * seconds) / baseline;
      return [[size, networkLabels[subject], 1e6 * seconds, reached ?? 'not by every seed', reachedTime]];
    }),
  );
  return {
    title: 'To the lowest training negative log likelihood of batch normalization: mean over seeds',
    columns: [
      { label: 'minibatch' },
      { label: 'network' },
      { label: 'µs an update' },
      { label: 'share of batch normalization’s updates' },
      { label: 'share of its time' },
    ],
    rows: cells,
  };
}

export function summarizePerceptrons(rows: readonly Measurement[], params: Scale): Summary {
  return {
    verdict: judgePerceptrons(rows, params),
    tables: [tabulate(rows, params), tabulateSpeed(rows, params)],
    charts: [
      chartCurves(rows, params.batchSizes, 'trainingLoss', 'epochs'),
      chartCurves(rows, params.batchSizes, 'testError', 'epochs'),
      chartCurves(rows, params.batchSizes, 'testLoss', 'epochs'),
      chartCurves(rows, params.batchSizes, 'trainingLoss', 'seconds'),
    ],
    remarks: [
      'The paper gives Figure 6 without numbers: its test errors lie between 0.5 and 2.5 % over 60 epochs, with 1000 units a layer.',
      'Roughness is the root mean square of the differences between one measurement of the test negative log likelihood and the next, after the first epoch.',
      'Seconds are one core’s, the median over seven rounds in which the networks take turns; the curves against seconds are those against updates, stretched by it.',
      'All networks of a seed start from the same weights and see the same minibatches, which is why differences are paired. Nothing is selected by the test images.',
    ],
  };
}
