/** Table 5 and its verdict; pure functions of what was measured. */
import type { Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import {
  compareMethods,
  isAbove,
  isBelow,
  scoreOf,
  whyNoVerdict,
  writePercent,
  writePoints,
} from './compare-methods.ts';
import { sceneLabellingMethods } from './evaluate-scene-labelling.ts';
import { type RefinementMethod, refinementMethods } from './refinement-methods.ts';
import { type SceneLabellingDataset, sceneLabellingDatasets, sceneLabellingNames } from './scene-labelling-datasets.ts';
import {
  frequencyWeightedIoUMetric,
  meanIoUMetric,
  microIoUMetric,
  pictureCounts,
  pixelAccuracyMetric,
} from './segmentation-metrics.ts';

/** Table 5, percent. */
const paperOverall: Partial<Record<SceneLabellingDataset, Partial<Record<RefinementMethod, number>>>> = {
  'stanford-background': { alone: 65.74, walked: 68.31 },
  'sift-flow': { alone: 67.31, walked: 69.85 },
};

export function summarizeSceneLabelling(rows: readonly Measurement[]): Summary {
  return {
    verdict: judgeSceneLabelling(rows),
    tables: [tabulateOverall(rows)],
    charts: [],
    remarks: [
      'A dataset that is called stand-in is not the paper’s. voc-segmentation is whatever lies in PASCAL VOC’s layout in the folder of --data: a few scenes made in code if nothing does.',
    ],
  };
}

function measuredDatasets(rows: readonly Measurement[]): readonly SceneLabellingDataset[] {
  return sceneLabellingDatasets.filter((dataset) => pictureCounts(rows, dataset));
}

function tabulateOverall(rows: readonly Measurement[]): Table {
  return {
    title:
      'Table 5: overall IoU in percent, mean ± standard error over seeds, and the difference in percentage points, paired by seed',
    columns: [
      { label: 'dataset' },
      { label: 'pictures: trained on, validated on' },
      { label: 'LargeFOV' },
      { label: 'micro IoU' },
      { label: 'minus back-end alone' },
      { label: 'frequency-weighted IoU' },
      { label: 'mean IoU' },
      { label: 'pixel accuracy' },
      { label: 'paper: “overall” IoU' },
    ],
    rows: measuredDatasets(rows).flatMap((dataset) => {
      const counts = pictureCounts(rows, dataset)!;
      return sceneLabellingMethods.map((method) => [
        counts.dataset.replace(dataset, sceneLabellingNames[dataset]),
        `${counts.training}, ${counts.validation}`,
        refinementMethods[method],
        writePercent(scoreOf(rows, microIoUMetric, dataset, method)),
        method === 'alone'
          ? undefined
          : writePoints(compareMethods(rows, microIoUMetric, { of: dataset, method, baseline: 'alone' })),
        ...[frequencyWeightedIoUMetric, meanIoUMetric, pixelAccuracyMetric].map((metric) =>
          writePercent(scoreOf(rows, metric, dataset, method)),
        ),
        paperOverall[dataset]?.[method]?.toFixed(2),
      ]);
    }),
  };
}

/** Holds where the network's micro IoU is above its back-end's on every dataset that can be judged, by two standard errors. */
export function judgeSceneLabelling(rows: readonly Measurement[]): Verdict {
  const compared = measuredDatasets(rows).map((dataset) => {
    const counts = pictureCounts(rows, dataset)!;
    const difference = compareMethods(rows, microIoUMetric, { of: dataset, method: 'walked', baseline: 'alone' });
    return { dataset, counts, difference, why: whyNoVerdict(counts, difference.seeds) };
  });
  if (compared.length === 0) return { outcome: 'inconclusive', reason: 'Not measured: any dataset.' };
  const numbers = compared
    .map(({ dataset, counts, difference, why }) => {
      const micro = (method: RefinementMethod) => writePercent(scoreOf(rows, microIoUMetric, dataset, method)) ?? '–';
      const note = why ? ` ${why}` : '';
      return `${counts.dataset}: ${micro('alone')} alone, ${micro('walked')} as random walk network, ${writePoints(difference) ?? '–'} points.${note}`;
    })
    .join(' ');
  const reason = `Micro IoU in percent, differences paired by seed ± standard error. ${numbers}`;
  const judged = compared.filter(({ why }) => why === undefined);
  if (judged.length === 0) return { outcome: 'inconclusive', reason: `No dataset can be judged. ${reason}` };
  const names = judged.map(({ counts }) => counts.dataset).join(' and ');
  const outcome = judged.every(({ difference }) => isAbove(difference))
    ? 'holds'
    : judged.some(({ difference }) => isBelow(difference))
      ? 'does not hold'
      : 'inconclusive';
  return { outcome, reason: `Judged by ${names}. ${reason}` };
}
