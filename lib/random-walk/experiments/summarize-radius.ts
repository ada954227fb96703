/** Tables, chart and verdict of the radius experiment; pure functions of what was measured. */
import type { Measurement, Summary, Table } from '../../pipeline/experiment.ts';
import { createNeighbourhood } from '../neighbourhood.ts';
import { chartRadius } from './chart-radius.ts';
import { type JudgedRadii, judgeRadius, radiusInPaper } from './judge-radius.ts';
import { labelMetrics } from './label-measures.ts';
import { spreadAt, writeSpread } from './over-seeds.ts';
import {
  affinityTimeMetric,
  afterSteps,
  betweenScores,
  converged,
  denseCrfRefined,
  networkName,
  pictureTimeMetric,
  solverStepsMetric,
  subjectOf,
  unrefined,
} from './radius-subjects.ts';
import { describeDataset, meanIoUMetric, pictureCounts } from './segmentation-metrics.ts';

/** What the paper has of SBD, in per cent: mean IoU and overall IoU. */
const paperNumbers = ({
  radius,
  wideRadius,
}: JudgedRadii): Readonly<Record<string, readonly [mean: number, overall: number | undefined]>> => {
  const [largeFov, v2] = [networkName('large-fov'), networkName('deeplab-v2')];
  const key = (network: string, prediction: string, step: number) => `${subjectOf(network, prediction)} ${step}`;
  return {
    [key(largeFov, unrefined, 0)]: [73.8, 76.0],
    [key(largeFov, converged, radius)]: [75.8, 77.9],
    [key(largeFov, afterSteps(1), wideRadius)]: [75.5, 77.6],
    [key(v2, unrefined, 0)]: [81.4, 83.4],
    [key(v2, denseCrfRefined, 0)]: [81.9, 84.2],
    [key(v2, converged, radius)]: [82.1, 84.3],
    [key(v2, afterSteps(1), wideRadius)]: [82.2, undefined],
  };
};

export function summarizeRadius(rows: readonly Measurement[], params: JudgedRadii): Summary {
  const verdict = judgeRadius(rows, params);
  if (!pictureCounts(rows)) return { verdict, tables: [], charts: [] };
  const chart = chartRadius(rows, params.longestSide);
  return {
    verdict,
    tables: [tabulatePredictions(rows, params), tabulateCosts(rows)],
    charts: chart ? [chart] : [],
    remarks: [
      'Seconds are of one thread of the machine that evaluated, from features and scores to the prediction; what else ran there is in them.',
      'The paper’s numbers are of SBD’s validation pictures and of networks that began with ImageNet’s and COCO’s weights: their differences can be compared with ours, not their size.',
    ],
  };
}

/** Subjects and steps of a metric, in the order in which they were measured: networks together, R ascending. */
function predictionsOf(rows: readonly Measurement[]) {
  const all = new Map<string, { readonly network: string; readonly prediction: string; readonly step: number }>();
  for (const { metric, subject, step } of rows) {
    if (metric !== meanIoUMetric) continue;
    const [network, prediction] = subject.split(': ') as [string, string];
    all.set(`${subject} ${step}`, { network, prediction, step });
  }
  const networks = [...new Set([...all.values()].map(({ network }) => network))];
  return networks.flatMap((network) =>
    [...all.values()].filter((each) => each.network === network).sort((a, b) => a.step - b.step),
  );
}

function tabulatePredictions(rows: readonly Measurement[], params: JudgedRadii): Table {
  const paper = paperNumbers(params);
  const body = predictionsOf(rows).map(({ network, prediction, step }) => {
    const subject = subjectOf(network, prediction);
    const mean = (metric: string) => writeSpread(spreadAt(rows, { metric, subject, step }), 100);
    const [paperMean, paperOverall] = paper[`${subject} ${step}`] ?? [];
    const isOfScores = prediction === betweenScores;
    return [
      network,
      prediction,
      step === 0 ? undefined : isOfScores ? `${step} scores` : String(step),
      step === 0 || isOfScores ? undefined : radiusInPaper(step, params.longestSide).toFixed(0),
      mean(meanIoUMetric),
      mean(labelMetrics.microIoU),
      mean(labelMetrics.trimapError),
      spreadAt(rows, { metric: pictureTimeMetric, subject, step })?.mean,
      paperMean,
      paperOverall,
    ];
  });
  return {
    title: `Predictions by radius on ${describeDataset(rows)}: mean ± standard error over seeds`,
    columns: [
      { label: 'network' },
      { label: 'prediction' },
      { label: 'R' },
      { label: 'R on 500 pixels' },
      { label: 'mean IoU (%)' },
      { label: 'micro IoU (%)' },
      { label: 'error within 3 pixels of boundaries (%)' },
      { label: 'seconds a picture' },
      { label: 'paper (SBD): mean IoU (%)' },
      { label: 'paper (SBD): overall IoU (%)' },
    ],
    rows: body,
  };
}

/** Of LargeFOV with the walk that every experiment trains. */
function tabulateCosts(rows: readonly Measurement[]): Table {
  const network = networkName('large-fov');
  const steps = predictionsOf(rows).filter((each) => each.network === network && each.prediction === afterSteps(1));
  const body = steps.map(({ step: radius }) => {
    const subject = subjectOf(network, converged);
    const one = subjectOf(network, afterSteps(1));
    const of = (metric: string, name: string) => spreadAt(rows, { metric, subject: name, step: radius })?.mean;
    const neighbours = 2 * createNeighbourhood(radius).offsets.length;
    const [affinities, whole] = [of(affinityTimeMetric, one)!, of(pictureTimeMetric, one)!];
    return [
      radius,
      neighbours,
      2 * neighbours,
      2 * neighbours,
      1000 * affinities,
      1000 * (whole - affinities),
      of(solverStepsMetric, subject),
      of(pictureTimeMetric, subject),
    ];
  });
  return {
    title: `What a walk costs by radius on ${describeDataset(rows)}`,
    columns: [
      { label: 'R' },
      { label: 'neighbours a pixel', digits: 5 },
      { label: 'operations a pixel, class and step', digits: 5 },
      { label: 'bytes of affinities a pixel', digits: 5 },
      { label: 'affinities (ms)' },
      { label: 'a step (ms)' },
      { label: 'products with A to the limit' },
      { label: 'converged (s)' },
    ],
    rows: body,
  };
}
