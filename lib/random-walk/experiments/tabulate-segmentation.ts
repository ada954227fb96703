/** Tables 2 and 3 from our numbers, with the paper's beside them; pure functions of what was measured. */
import type { Measurement, Table } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import { compareMethods, scoreOf, writePercent, writePoints } from './compare-methods.ts';
import { backEndNames, methodsOf, type RefinementMethod, refinementMethods } from './refinement-methods.ts';
import {
  classIoUMetric,
  classNamesOf,
  describeDataset,
  frequencyWeightedIoUMetric,
  meanIoUMetric,
  measuredBackEnds,
  microIoUMetric,
  pixelAccuracyMetric,
} from './segmentation-metrics.ts';

interface PaperScores {
  readonly mean: number;
  readonly overall: number;
}

/** Tables 2 and 3: PASCAL VOC’s pictures with SBD’s labels, percent. */
const paperScores: Readonly<Record<BackEndKind, Partial<Record<RefinementMethod, PaperScores>>>> = {
  'large-fov': {
    alone: { mean: 73.8, overall: 76.0 },
    crf: { mean: 75.7, overall: 77.7 },
    'domain-transform': { mean: 76.6, overall: 78.7 },
    walked: { mean: 75.8, overall: 77.9 },
  },
  attention: {
    alone: { mean: 79.0, overall: 80.5 },
    crf: { mean: 79.9, overall: 81.6 },
    walked: { mean: 79.9, overall: 81.5 },
  },
  'deeplab-v2': {
    alone: { mean: 81.4, overall: 83.4 },
    crf: { mean: 81.9, overall: 84.2 },
    walked: { mean: 82.1, overall: 84.3 },
  },
};

export function tabulateScores(rows: readonly Measurement[]): Table {
  return {
    title: `Tables 2 and 3: intersection over union in percent, mean ± standard error over seeds; ours of ${describeDataset(rows)}, the paper’s of VOC with SBD’s labels`,
    columns: [
      { label: 'back-end' },
      { label: 'method' },
      { label: 'mean IoU' },
      { label: 'micro IoU' },
      { label: 'frequency-weighted IoU' },
      { label: 'pixel accuracy' },
      { label: 'paper: mean IoU' },
      { label: 'paper: “overall” IoU' },
    ],
    rows: measuredBackEnds(rows).flatMap((backEnd) =>
      methodsOf(backEnd).map((method) => [
        backEndNames[backEnd],
        refinementMethods[method],
        ...[meanIoUMetric, microIoUMetric, frequencyWeightedIoUMetric, pixelAccuracyMetric].map((metric) =>
          writePercent(scoreOf(rows, metric, backEnd, method)),
        ),
        paperScores[backEnd][method]?.mean.toFixed(1),
        paperScores[backEnd][method]?.overall.toFixed(1),
      ]),
    ),
  };
}

/** What is subtracted from what, and what the difference says. */
const comparisons: readonly {
  readonly method: RefinementMethod;
  readonly baseline: RefinementMethod;
  readonly says: string;
}[] = [
  { method: 'walked', baseline: 'alone', says: 'the network against its back-end' },
  { method: 'walked', baseline: 'crf', says: 'the network against the dense CRF' },
  { method: 'walked', baseline: 'domain-transform', says: 'the network against the domain transform' },
  { method: 'unwalked', baseline: 'alone', says: 'what training with the walk does to the back-end' },
  { method: 'one-step', baseline: 'unwalked', says: 'what one step of the walk adds' },
  { method: 'walked', baseline: 'unwalked', says: 'what the walk to its limit adds' },
  { method: 'crf', baseline: 'alone', says: 'what the dense CRF adds' },
  { method: 'domain-transform', baseline: 'alone', says: 'what the domain transform adds' },
  { method: 'alone', baseline: 'before', says: 'what the further updates of the back-end add' },
];

export function tabulateDifferences(rows: readonly Measurement[]): Table {
  return {
    title: `Differences in percentage points, paired by seed, mean ± standard error; ${describeDataset(rows)}`,
    columns: [
      { label: 'back-end' },
      { label: 'difference' },
      { label: 'mean IoU' },
      { label: 'seeds above 0' },
      { label: 'micro IoU' },
      { label: 'frequency-weighted IoU' },
      { label: 'paper: mean IoU' },
    ],
    rows: measuredBackEnds(rows).flatMap((backEnd) =>
      comparisons
        .filter(({ method, baseline }) => [method, baseline].every((each) => methodsOf(backEnd).includes(each)))
        .map(({ says, ...pair }) => {
          const difference = (metric: string) => compareMethods(rows, metric, { of: backEnd, ...pair });
          const { seeds, higher } = difference(meanIoUMetric);
          const [ours, theirs] = [paperScores[backEnd][pair.method], paperScores[backEnd][pair.baseline]];
          return [
            backEndNames[backEnd],
            says,
            writePoints(difference(meanIoUMetric)),
            seeds > 0 ? `${higher} of ${seeds}` : undefined,
            writePoints(difference(microIoUMetric)),
            writePoints(difference(frequencyWeightedIoUMetric)),
            ours && theirs
              ? writePoints({ mean: (ours.mean - theirs.mean) / 100, standardError: Number.NaN, seeds: 1 })
              : undefined,
          ];
        }),
    ),
  };
}

/** Table 2 by class: the paper's are VOC's 20, and have no counterpart in other pictures. */
export function tabulateClasses(rows: readonly Measurement[]): Table {
  const backEnds = measuredBackEnds(rows);
  return {
    title: `Table 2: IoU of each class in percent, mean ± standard error over seeds, and the paired difference of network and back-end; ${describeDataset(rows)}`,
    columns: [
      { label: 'class' },
      ...backEnds.flatMap((backEnd) => [
        { label: backEndNames[backEnd] },
        { label: 'random walk network' },
        { label: 'difference' },
      ]),
    ],
    rows: classNamesOf(rows).map((name) => [
      name,
      ...backEnds.flatMap((backEnd) => {
        const metric = classIoUMetric(name);
        return [
          writePercent(scoreOf(rows, metric, backEnd, 'alone')),
          writePercent(scoreOf(rows, metric, backEnd, 'walked')),
          writePoints(compareMethods(rows, metric, { of: backEnd, method: 'walked', baseline: 'alone' })),
        ];
      }),
    ]),
  };
}
