/** θ after training: the weight of each channel's difference, by the layer that the channel is of, and how many are positive. */
import type { Chart, Measurement, Table } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import { backEndNames } from './refinement-methods.ts';
import { affinityWeightMetric, describeDataset, measuredBackEnds } from './segmentation-metrics.ts';

export const channelGroups = ['RGB', 'conv1_1', 'conv1_2'] as const;
export type ChannelGroup = (typeof channelGroups)[number];

/** Three colours first, then as many channels of conv1_1 as of conv1_2; `channels` of 3 are colours alone. */
export function groupOfChannel(channel: number, channels: number): ChannelGroup {
  if (channel < 3) return 'RGB';
  return channel < 3 + (channels - 3) / 2 ? 'conv1_1' : 'conv1_2';
}

interface Weight {
  readonly channel: number;
  readonly group: ChannelGroup;
  readonly seed: number;
  readonly value: number;
}

function weightsOf(rows: readonly Measurement[], backEnd: BackEndKind): readonly Weight[] {
  const found = rows.filter(({ metric, subject }) => metric === affinityWeightMetric && subject === backEnd);
  const channels = Math.max(0, ...found.map(({ step }) => step + 1));
  return found.map(({ step, seed, value }) => {
    return { channel: step, group: groupOfChannel(step, channels), seed, value };
  });
}

/** A row for each back-end, seed and group. */
export function tabulateAffinityWeights(rows: readonly Measurement[]): Table {
  return {
    title: `Learned weights θ of affinities exp(θ · |φ(i) − φ(j)|), colours from 0 to 1; ${describeDataset(rows)}`,
    columns: [
      { label: 'back-end' },
      { label: 'seed' },
      { label: 'features' },
      { label: 'weights' },
      { label: 'positive (%)' },
      { label: 'mean' },
      { label: 'lowest' },
      { label: 'highest' },
    ],
    rows: measuredBackEnds(rows).flatMap((backEnd) =>
      [...Map.groupBy(weightsOf(rows, backEnd), ({ seed }) => seed)]
        .sort(([a], [b]) => a - b)
        .flatMap(([seed, ofSeed]) => [
          ...channelGroups.flatMap((group) => {
            const values = ofSeed.filter((weight) => weight.group === group).map(({ value }) => value);
            return values.length > 0 ? [[backEndNames[backEnd], seed, group, ...describeWeights(values)]] : [];
          }),
          [backEndNames[backEnd], seed, 'all', ...describeWeights(ofSeed.map(({ value }) => value))],
        ]),
    ),
  };
}

function describeWeights(values: readonly number[]): readonly number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const positive = values.filter((value) => value > 0).length;
  return [values.length, (100 * positive) / values.length, mean, Math.min(...values), Math.max(...values)];
}

/** Share of all weights that are positive, a number for each seed. */
export function positiveShare(rows: readonly Measurement[], backEnd: BackEndKind): readonly number[] {
  return [...Map.groupBy(weightsOf(rows, backEnd), ({ seed }) => seed).values()].map((weights) => {
    return weights.filter(({ value }) => value > 0).length / weights.length;
  });
}

/** A panel a back-end, a point a channel and seed; undefined where nothing was measured. */
export function chartAffinityWeights(rows: readonly Measurement[]): Chart | undefined {
  const values = measuredBackEnds(rows).flatMap((backEnd) =>
    weightsOf(rows, backEnd).map(({ group, channel, seed, value }) => ({
      backEnd: backEndNames[backEnd],
      group,
      channel,
      seed: String(seed),
      value: Number(value.toPrecision(5)),
    })),
  );
  if (values.length === 0) return;
  return {
    title: 'Learned weights of affinities',
    caption:
      'θ of each channel, a point for each seed: below 0, two pixels that differ in the channel are less likely of one class; above 0, more likely. Nothing holds the weights below 0.',
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      data: { values },
      facet: { field: 'backEnd', type: 'nominal', title: null, sort: Object.values(backEndNames) },
      columns: 1,
      spec: {
        width: 620,
        height: 130,
        layer: [
          { mark: { type: 'rule' }, encoding: { y: { datum: 0 } } },
          {
            mark: { type: 'point', opacity: 0.75 },
            encoding: {
              x: { field: 'channel', type: 'quantitative', title: 'channel', scale: { nice: false } },
              y: { field: 'value', type: 'quantitative', title: 'θ' },
              color: { field: 'group', type: 'nominal', title: null, scale: { domain: channelGroups } },
            },
          },
        ],
      },
    },
  };
}
