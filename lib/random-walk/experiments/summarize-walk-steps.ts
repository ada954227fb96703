/** Figures 6 and 7, the table and the verdict of `walk-steps`; pure functions of what was measured. */
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement, Summary, SummaryImageSeries, Table } from '../../pipeline/experiment.ts';
import { chartAccuracy, chartDifferentLabels } from './chart-walk-steps.ts';
import { gainBetween, judgeWalkSteps } from './judge-walk-steps.ts';
import { labelMetrics, trimapWidth } from './label-measures.ts';
import { remarkClasses } from './measured-pictures.ts';
import type { NetworkParams } from './network-params.ts';
import { spreadAt, writeSpread } from './over-seeds.ts';
import { describeDataset } from './segmentation-metrics.ts';
import {
  describeEnd,
  differentLabels,
  frameName,
  measuredEnds,
  placeOf,
  shownClassMetric,
  type WalkEnd,
} from './walk-steps-metrics.ts';

export type WalkStepsSummaryParams = Pick<NetworkParams, 'diffusion' | 'radius'> & {
  readonly shownSteps: readonly number[];
};

/** Mean IoU of RWN-LargeFOV in percent: Figure 7's left end, as read off its axis, and Table 2's 75.8. */
const paperMeanIoU: ReadonlyMap<WalkEnd, string> = new Map<WalkEnd, string>([
  [0, 'about 73.5'],
  ['limit', '75.8'],
]);

export function summarizeWalkSteps(
  rows: readonly Measurement[],
  params: WalkStepsSummaryParams,
  images: readonly EvaluationImage[] = [],
): Summary {
  return {
    verdict: judgeWalkSteps(rows),
    tables: [tabulateSteps(rows)],
    charts: [chartAccuracy(rows), chartDifferentLabels(rows)],
    imageSeries: seriesOf(rows, params, images),
    remarks: [
      ...remarkClasses(rows),
      `Steps are those of Eq. 1, ŷ = ${params.diffusion} A ŷ + ${Number((1 - params.diffusion).toPrecision(6))} f, over scores and along a disc of R = ${params.radius}; the limit is Chebyshev’s iteration’s, and ${params.diffusion}^t bounds how far t steps are from it.`,
      'Differences are paired by seed; ± is one standard error over seeds.',
      'The paper’s “overall IOU” has no formula: micro IoU and frequency-weighted IoU may be it.',
    ],
  };
}

function tabulateSteps(rows: readonly Measurement[]): Table {
  const body = measuredEnds(rows).map((end) => {
    const at = (metric: string, decimals = 2) => writeSpread(spreadAt(rows, placeOf(metric, end)), 100, decimals);
    return [
      end === 'limit' ? '∞' : String(end),
      at(labelMetrics.meanIoU),
      end === 0 ? undefined : writeSpread(gainBetween(rows, 0, end), 100),
      at(labelMetrics.microIoU),
      at(labelMetrics.frequencyWeightedIoU),
      at(labelMetrics.trimapError),
      end === 'limit' ? undefined : at(differentLabels, 3),
      paperMeanIoU.get(end),
    ];
  });
  return {
    title: `Accuracy against the number of random walk steps, RWN-LargeFOV (${describeDataset(rows)})`,
    columns: [
      { label: 'steps' },
      { label: 'mean IoU (%)' },
      { label: 'change from no step (points)' },
      { label: 'micro IoU (%)' },
      { label: 'frequency-weighted IoU (%)' },
      { label: `error in a ${trimapWidth} px trimap (%)` },
      { label: 'labels that differ from the converged (%)' },
      { label: 'paper, mean IoU on VOC (%)' },
    ],
    rows: body,
  };
}

/** One a picture, of the frames that were drawn. */
function seriesOf(
  rows: readonly Measurement[],
  { shownSteps }: WalkStepsSummaryParams,
  images: readonly EvaluationImage[],
): readonly SummaryImageSeries[] {
  const drawn = new Map(images.map(({ name, ...image }) => [name, image]));
  return rows
    .filter(({ metric }) => metric === shownClassMetric)
    .sort((a, b) => a.step - b.step)
    .flatMap(({ subject, step: picture }) => {
      const frames = [...shownSteps, 'limit' as const].flatMap((end) => {
        const image = drawn.get(frameName(picture, end));
        return image ? [{ label: describeEnd(end), ...image }] : [];
      });
      if (frames.length < 2) return [];
      return [
        {
          title: `Random walk steps, picture ${picture + 1}`,
          caption: `Figure 6. Above: photograph and true labels. Below: predicted labels, and the probability of “${subject}”, black at 0, white at 1. It is the class with the most pixels at true boundaries, of those that cover at most a tenth of this picture.`,
          variable: 'Steps of the walk',
          frames,
        },
      ];
    });
}
