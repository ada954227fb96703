/** Figure 8's two panels, Figure 9's triples and the verdict; pure functions of what was measured. */

import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement, Summary, SummaryImage, Verdict } from '../../pipeline/experiment.ts';
import { baselineNames } from '../baselines.ts';
import { chartLosses } from './chart-losses.ts';
import { newStyleMetric } from './evaluate-neural-art.ts';
import {
  compareWithBest,
  comparisonRemarks,
  lossesBySeed,
  subjectLabels,
  tabulateLosses,
} from './summarize-comparison.ts';

interface Scale {
  readonly side: number;
  readonly horizonSteps: number;
  readonly episodes: number;
  readonly trainingCrops: number;
}

/** The paper's. */
const paperScale = { side: 64, horizonSteps: 128, trainingCrops: 1800 } as const;
const fewestSeeds = 5;

export function summarizeNeuralArt(
  measurements: readonly Measurement[],
  params: Scale,
  images: readonly EvaluationImage[] = [],
): Summary {
  const { side, horizonSteps } = params;
  const left = measurements.filter(
    ({ metric }) => metric !== newStyleMetric && !metric.includes(`(${newStyleMetric})`),
  );
  // As if they were losses of an experiment of their own.
  const right = measurements
    .filter(({ metric }) => metric.includes(newStyleMetric))
    .map((row) => ({ ...row, metric: row.metric.replace(newStyleMetric, 'loss') }));
  const panels = [
    { rows: left, title: `Training style at ${side} × ${side}` },
    { rows: right, title: `New style at ${2 * side} × ${2 * side}` },
  ];
  const steps = [...new Set([16, 32, 64, horizonSteps])].filter((step) => step <= horizonSteps);
  return {
    verdict: judge(left, right, params),
    tables: panels.map(({ rows, title }) => {
      const table = tabulateLosses(rows, steps, {}, undefined);
      return { ...table, title: `${title}. ${table.title}` };
    }),
    charts: panels.map(({ rows, title }, index) =>
      chartLosses(rows, {
        title,
        caption: `Figure 8 (${index === 0 ? 'left' : 'right'}): mean loss on unseen contents, the band one standard deviation over them; the learned optimizer solid, tuned baselines dashed. The paper gives no numbers, and its loss is weighted in ways that it does not say.`,
        yTitle: 'loss a pixel',
        steps: [1, horizonSteps],
        baselineMetric: 'loss',
        paper: {},
      }),
    ),
    images: images.map(triple),
    remarks: [
      ...comparisonRemarks.slice(0, 2),
      'Each seed is another content that training, validation and tuning never saw; where there are fewer test photographs than seeds, they come again.',
      'The paper gives Figures 8 and 9 without numbers: there are none to put beside ours.',
    ],
  };
}

function triple({ name, ...image }: EvaluationImage): SummaryImage {
  const isNew = name.startsWith('new/');
  const seed = name.slice(name.lastIndexOf('-') + 1);
  return {
    title: `Content ${seed}, ${isNew ? 'a new style at double the resolution' : 'the training style'}`,
    caption: 'Figure 9 and appendix C: the content, what the learned optimizer made of it, the style.',
    ...image,
  };
}

/** Holds where the LSTM is ahead of the best tuned baseline in the trained panel, and not behind it in the new one. */
function judge(left: readonly Measurement[], right: readonly Measurement[], params: Scale): Verdict {
  const { horizonSteps, side, trainingCrops } = params;
  const trained = compareWithBest(left, horizonSteps);
  const changed = compareWithBest(right, horizonSteps);
  if (!trained || !changed) {
    return { outcome: 'inconclusive', reason: 'The learned optimizer or all baselines are missing from a panel.' };
  }
  const reason = [
    sentence(`With the training style at ${side} × ${side}`, trained),
    sentence(`With new styles at ${2 * side} × ${2 * side}`, changed),
  ].join(' ');
  const inconclusive = (why: string): Verdict => ({ outcome: 'inconclusive', reason: `${why} ${reason}` });
  if (
    side !== paperScale.side ||
    horizonSteps !== paperScale.horizonSteps ||
    trainingCrops < paperScale.trainingCrops
  ) {
    return inconclusive(
      `Wrong scale: the paper trains at ${paperScale.side} × ${paperScale.side} for ${paperScale.horizonSteps} steps on ${paperScale.trainingCrops} contents, this run at ${side} × ${side} for ${horizonSteps} steps on ${trainingCrops}.`,
    );
  }
  const missing = baselineNames.filter((name) =>
    [left, right].some((rows) => lossesBySeed(rows, name, horizonSteps).size === 0),
  );
  if (missing.length > 0) return inconclusive(`Not measured: ${missing.join(', ')}.`);
  if (trained.difference.count < fewestSeeds) {
    return inconclusive(`Too few seeds: ${trained.difference.count}, at least ${fewestSeeds} are needed.`);
  }
  const isAhead = trained.difference.mean < -2 * trained.difference.standardError;
  // "Continues to perform very well" is less than being ahead.
  const keepsUp = changed.difference.mean <= 2 * changed.difference.standardError;
  return { outcome: isAhead && keepsUp ? 'holds' : 'does not hold', reason };
}

function sentence(
  where: string,
  { best, lstm, baseline, difference }: NonNullable<ReturnType<typeof compareWithBest>>,
) {
  const number = (value: number) => String(Number(value.toPrecision(3)));
  return (
    `${where} the LSTM's mean loss over ${lstm.count} contents is ${number(lstm.mean)} ± ${number(lstm.standardDeviation)}, ` +
    `the best tuned baseline's (${subjectLabels[best]}) ${number(baseline.mean)} ± ${number(baseline.standardDeviation)}: ` +
    `paired difference ${number(difference.mean)} with standard error ${number(difference.standardError)}.`
  );
}
