/** Charts of the segmentation experiments: differences seed by seed, learning curves, and what the pictures' colours mean. */

import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { valuesBySeed } from '../../pipeline/over-seeds.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import { alonePhase, backEndPhase } from '../training/segmentation-networks.ts';
import { classColour, hexColour, voidColour } from './class-colours.ts';
import { backEndNames, methodsOf, type RefinementMethod, refinementMethods, subjectOf } from './refinement-methods.ts';
import { classNamesOf, curveMetric, meanIoUMetric, measuredBackEnds } from './segmentation-metrics.ts';

const $schema = 'https://vega.github.io/schema/vega-lite/v6.json';
const round = (value: number) => Number(value.toPrecision(6));

/** In the charts' colours, the proposed method's first. */
const comparedMethods = [
  'walked',
  'crf',
  'domain-transform',
  'one-step',
  'unwalked',
] as const satisfies RefinementMethod[];

/** A point a seed: the method's mean IoU minus that of the back-end alone; undefined where nothing was measured. */
export function chartDifferences(rows: readonly Measurement[]): Chart | undefined {
  const values = measuredBackEnds(rows).flatMap((backEnd) => {
    const scores = (method: RefinementMethod) =>
      valuesBySeed(rows, { metric: meanIoUMetric, subject: subjectOf(backEnd, method) }, 0);
    const alone = scores('alone');
    return comparedMethods
      .filter((method) => methodsOf(backEnd).includes(method))
      .flatMap((method) =>
        [...scores(method)].flatMap(([seed, value]) =>
          alone.has(seed)
            ? [
                {
                  backEnd: backEndNames[backEnd],
                  method: refinementMethods[method],
                  points: round(100 * (value - alone.get(seed)!)),
                },
              ]
            : [],
        ),
      );
  });
  if (values.length === 0) return;
  const domain = comparedMethods.map((method) => refinementMethods[method]);
  return {
    title: 'Mean IoU beyond that of the back-end alone',
    caption: 'Percentage points on the validation pictures, a point for each seed.',
    spec: {
      $schema,
      data: { values },
      facet: { field: 'backEnd', type: 'nominal', title: null, sort: Object.values(backEndNames) },
      columns: 1,
      spec: {
        width: 460,
        height: { step: 24 },
        layer: [
          { mark: { type: 'rule' }, encoding: { x: { datum: 0 } } },
          {
            mark: { type: 'point' },
            encoding: {
              x: { field: 'points', type: 'quantitative', title: 'percentage points' },
              y: { field: 'method', type: 'nominal', title: null, sort: domain, axis: { labelLimit: 300 } },
              color: { field: 'method', type: 'nominal', scale: { domain }, legend: null },
            },
          },
        ],
      },
      resolve: { scale: { y: 'independent' } },
    },
  };
}

/** Of each phase and column; the joint phase begins where the back-end's ends. */
const curves = [
  { phase: 'random-walk', column: 'trainingLoss', name: 'network: both losses' },
  { phase: 'random-walk', column: 'segmentationLoss', name: 'network: cross entropy after the walk' },
  { phase: 'random-walk', column: 'affinityLoss', name: 'network: Euclidean loss of affinities' },
  { phase: backEndPhase, column: 'trainingLoss', name: 'back-end that both start from' },
  { phase: alonePhase, column: 'trainingLoss', name: 'back-end alone' },
] as const;

/** Training losses, a panel a back-end, mean over seeds; undefined where nothing was measured. */
export function chartTraining(rows: readonly Measurement[], backEndUpdates: number): Chart | undefined {
  const values = measuredBackEnds(rows).flatMap((backEnd) =>
    curves.flatMap(({ phase, column, name }) =>
      meanCurve(rows, backEnd, curveMetric(phase, column)).map(({ step, mean }) => ({
        backEnd: backEndNames[backEnd],
        curve: name,
        update: step + (phase === backEndPhase ? 0 : backEndUpdates),
        loss: round(mean),
      })),
    ),
  );
  if (values.length === 0) return;
  const domain = curves.map(({ name }) => name);
  return {
    title: 'Training losses',
    caption:
      'Of minibatches, mean over seeds and over the updates between two points. The back-end’s is the cross entropy of its scores, with several scales that of each of them too; the network’s begins where the back-end’s ends.',
    spec: {
      $schema,
      data: { values },
      facet: { field: 'backEnd', type: 'nominal', title: null, sort: Object.values(backEndNames) },
      columns: 1,
      spec: {
        width: 500,
        height: 170,
        mark: { type: 'line', clip: true },
        encoding: {
          x: { field: 'update', type: 'quantitative', title: 'update', scale: { nice: false } },
          y: { field: 'loss', type: 'quantitative', title: 'loss', scale: { type: 'log', nice: false } },
          color: { field: 'curve', type: 'nominal', title: null, scale: { domain } },
        },
      },
      resolve: { scale: { y: 'independent' } },
    },
  };
}

function meanCurve(rows: readonly Measurement[], backEnd: BackEndKind, metric: string) {
  const found = rows.filter((row) => row.metric === metric && row.subject === backEnd && Number.isFinite(row.value));
  return [...Map.groupBy(found, ({ step }) => step)]
    .map(([step, ofStep]) => ({ step, mean: ofStep.reduce((sum, { value }) => sum + value, 0) / ofStep.length }))
    .sort((a, b) => a.step - b.step);
}

/** The classes in the colours that pictures paint them in; undefined where nothing was measured. */
export function chartClassColours(rows: readonly Measurement[]): Chart | undefined {
  const names = classNamesOf(rows);
  if (names.length === 0) return;
  const perColumn = Math.ceil((names.length + 1) / 4);
  const entries = [...names.map((name, label) => [name, classColour(label)] as const), ['void', voidColour] as const];
  const values = entries.map(([name, colour], index) => ({
    name,
    colour: hexColour(colour),
    column: Math.floor(index / perColumn),
    row: index % perColumn,
  }));
  const position = {
    x: { field: 'column', type: 'ordinal', axis: null },
    y: { field: 'row', type: 'ordinal', axis: null },
  };
  return {
    title: 'Colours of the classes',
    caption: 'As the pictures of this report paint them.',
    spec: {
      $schema,
      data: { values },
      width: 620,
      height: { step: 24 },
      encoding: position,
      layer: [
        {
          mark: { type: 'square', size: 260, opacity: 1, xOffset: -60 },
          encoding: { color: { field: 'colour', type: 'nominal', scale: null } },
        },
        { mark: { type: 'text', align: 'left', xOffset: -44 }, encoding: { text: { field: 'name' } } },
      ],
    },
  };
}
