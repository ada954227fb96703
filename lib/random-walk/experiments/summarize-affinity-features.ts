/** Tables, chart and verdict of the affinity branches; pure functions of what was measured. */
import type { Spread } from '../../numerics/spread.ts';
import type { Chart, Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import {
  type AffinityVariantName,
  affinityLabels,
  affinityLossMetric,
  affinitySubject,
  allWeights,
  baseline,
  meanWeightMetric,
  positiveMetric,
  unrefined,
  unwalkedMetric,
  variantNamesOf,
} from './affinity-variants.ts';
import { whyNoVerdict } from './compare-methods.ts';
import { aboutEqual, describeFinding, type Finding, isBelow, writePoints } from './findings.ts';
import { labelMetrics } from './label-measures.ts';
import { pairedSpread, spreadAt, writeSpread } from './over-seeds.ts';
import { describeDataset, meanIoUMetric, pictureCounts } from './segmentation-metrics.ts';

const backEndLabels = { 'large-fov': 'LargeFOV', 'deeplab-v2': 'DeepLab-v2' } as const;
const backEnds = Object.keys(backEndLabels) as (keyof typeof backEndLabels)[];

export function summarizeAffinityFeatures(rows: readonly Measurement[]): Summary {
  const verdict = judgeAffinityFeatures(rows);
  if (!pictureCounts(rows)) return { verdict, tables: [], charts: [] };
  const unwalked = rows.filter(({ metric, value }) => metric === unwalkedMetric && value > 0);
  return {
    verdict,
    tables: [tabulateSegmentations(rows), tabulateWeights(rows)],
    charts: [chartDifferences(rows)],
    remarks: [
      'The paper says what these variants bring in words: there are no numbers to put beside ours.',
      'The affinity loss is over the pixels and within the radius of the training, on whole validation pictures.',
      ...unwalked.map(
        ({ subject, seed, value }) =>
          `${subject}, seed ${seed}: ${value} pictures keep the back-end’s scores, because their affinities overflow or the walk does not converge.`,
      ),
    ],
  };
}

/** Against the paper's branch, seed by seed. */
function gain(rows: readonly Measurement[], backEnd: BackEndKind, variant: string, metric: string): Spread | undefined {
  const at = (name: string) => ({ metric, subject: affinitySubject(backEnd, name), step: 0 });
  return pairedSpread(rows, at(variant), at(baseline));
}

export function judgeAffinityFeatures(rows: readonly Measurement[]): Verdict {
  const pictures = pictureCounts(rows);
  const statements: readonly (readonly [AffinityVariantName, string])[] = [
    ['rgb-conv1-fc', 'fc6 and fc7 besides bring less than a point'],
    ['two-layers', 'A second convolution layer brings less than a point'],
  ];
  const gains = statements.map(([variant]) => gain(rows, 'large-fov', variant, meanIoUMetric));
  if (!pictures || gains.includes(undefined)) {
    return { outcome: 'inconclusive', reason: 'Not measured: LargeFOV with all three branches.' };
  }
  const findings = gains.map((difference, index): Finding => {
    const holds = isBelow(difference!, aboutEqual);
    return { statement: statements[index]![1], holds, numbers: writePoints(difference!) };
  });
  const seeds = Math.min(...gains.map((difference) => difference!.count));
  const overBackEnd = gain(rows, 'large-fov', unrefined, meanIoUMetric);
  const context = overBackEnd ? ` The back-end alone, beside it: ${writePoints(overBackEnd)}.` : '';
  const numbers = `Mean IoU beside the paper’s branch in percentage points ± standard error, paired by seed (${seeds}). ${findings.map(describeFinding).join(' ')}${context}`;
  const obstacle = whyNoVerdict(pictures, seeds);
  if (obstacle) return { outcome: 'inconclusive', reason: `${obstacle} ${numbers}` };
  const isRefuted = findings.some(({ holds }) => holds === false);
  const isProved = findings.every(({ holds }) => holds === true);
  return { outcome: isRefuted ? 'does not hold' : isProved ? 'holds' : 'inconclusive', reason: numbers };
}

const labelOf = (variant: string) => affinityLabels[variant as AffinityVariantName] ?? 'no walk: the back-end alone';

function tabulateSegmentations(rows: readonly Measurement[]): Table {
  const body = backEnds.flatMap((backEnd) =>
    [unrefined, ...variantNamesOf(backEnd)].map((variant) => {
      const subject = affinitySubject(backEnd, variant);
      const mean = (metric: string, factor: number, digits: number) =>
        writeSpread(spreadAt(rows, { metric, subject, step: 0 }), factor, digits);
      const difference = variant === baseline ? undefined : gain(rows, backEnd, variant, meanIoUMetric);
      return [
        backEndLabels[backEnd],
        labelOf(variant),
        mean(meanIoUMetric, 100, 2),
        difference && writePoints(difference),
        mean(labelMetrics.microIoU, 100, 2),
        mean(labelMetrics.trimapError, 100, 2),
        mean(affinityLossMetric, 1, 4),
      ];
    }),
  );
  return {
    title: `Segmentations by affinity branch on ${describeDataset(rows)}: mean ± standard error over seeds`,
    columns: [
      { label: 'back-end' },
      { label: 'affinities' },
      { label: 'mean IoU (%)' },
      { label: 'beside the paper’s branch (points)' },
      { label: 'micro IoU (%)' },
      { label: 'error within 3 pixels of boundaries (%)' },
      { label: 'affinity loss' },
    ],
    rows: body,
  };
}

/** By the layers of the features, where there is one weight a channel. */
function tabulateWeights(rows: readonly Measurement[]): Table {
  const groups = [allWeights, 'RGB', 'conv1_1', 'conv1_2', 'fc6', 'fc7'];
  const body = backEnds.flatMap((backEnd) =>
    variantNamesOf(backEnd).flatMap((variant) =>
      groups.flatMap((group) => {
        const subject = affinitySubject(backEnd, variant);
        const positive = spreadAt(rows, { metric: positiveMetric(group), subject, step: 0 });
        const mean = spreadAt(rows, { metric: meanWeightMetric(group), subject, step: 0 });
        if (!positive || !mean) return [];
        return [[backEndLabels[backEnd], labelOf(variant), group, 100 * positive.mean, mean.mean]];
      }),
    ),
  );
  return {
    title: `Learned weights θ of affinities, ${describeDataset(rows)}: means over seeds`,
    columns: [
      { label: 'back-end' },
      { label: 'affinities' },
      { label: 'channels' },
      { label: 'above 0 (%)' },
      { label: 'mean weight' },
    ],
    rows: body,
  };
}

function chartDifferences(rows: readonly Measurement[]): Chart {
  const values = backEnds.flatMap((backEnd) =>
    [unrefined, ...variantNamesOf(backEnd)].flatMap((variant) => {
      const difference = gain(rows, backEnd, variant, meanIoUMetric);
      if (!difference || variant === baseline) return [];
      const round = (value: number) => Number((100 * value).toPrecision(4));
      const { mean, standardError } = difference;
      return [
        {
          branch: labelOf(variant),
          backEnd: backEndLabels[backEnd],
          mean: round(mean),
          low: round(mean - standardError),
          high: round(mean + standardError),
        },
      ];
    }),
  );
  const x = (field: string) => ({ field, type: 'quantitative', title: 'mean IoU beside the paper’s branch (points)' });
  const y = { field: 'branch', type: 'nominal', title: null, sort: null, axis: { labelLimit: 260 } };
  const color = { field: 'backEnd', type: 'nominal', title: 'back-end' };
  const yOffset = { field: 'backEnd' };
  return {
    title: 'Affinity branches beside the paper’s',
    caption: `Paired by seed on ${describeDataset(rows)}: mean, bars of one standard error. 0 is the paper’s branch.`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      width: 420,
      height: { step: 18 },
      data: { values },
      layer: [
        { mark: 'rule', encoding: { x: x('low'), x2: { field: 'high' }, y, yOffset, color } },
        { mark: { type: 'point', filled: true, size: 70 }, encoding: { x: x('mean'), y, yOffset, color } },
      ],
    },
  };
}
