/** Figure 1: validation recalls of image retrieval against updates, and against the time that they take. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { spreadOf } from './paired-difference.ts';
import { bySeed, rankingModels, scoreMetric, scoreNames, secondsMetric } from './ranking-metrics.ts';

const panels = ['recallAt1', 'recallAt5', 'recallAt10'] as const;

interface Point {
  readonly model: string;
  readonly panel: string;
  readonly update: number;
  readonly second?: number;
  readonly recall: number;
  readonly low: number;
  readonly high: number;
}

export function chartRecall(rows: readonly Measurement[]): readonly Chart[] {
  const points = pointsOf(rows);
  if (points.length === 0) return [];
  const caption =
    'Figure 1: recall of image retrieval on the validation pictures, mean and one standard deviation over seeds; order-embeddings with layer normalization solid, the plain ones and the symmetric baseline dashed.';
  const timed = points.filter(({ second }) => second !== undefined);
  return [
    { title: 'Recall against updates', caption, spec: specify(points, 'update', 'update') },
    ...(timed.length === 0
      ? []
      : [
          {
            title: 'Recall against time',
            caption: `${caption} Time is updates times the median seconds of one, measured in turns on one machine; validations are not in it.`,
            spec: specify(timed, 'second', 'seconds of training'),
          },
        ]),
  ];
}

function pointsOf(rows: readonly Measurement[]): readonly Point[] {
  return rankingModels.flatMap(({ subject, label }) => {
    const [seconds] = [...bySeed(rows, subject, secondsMetric).values()];
    return panels.flatMap((score) => {
      const metric = scoreMetric('validation', 'image', score);
      const updates = rows.filter((row) => row.subject === subject && row.metric === metric).map(({ step }) => step);
      return [...new Set(updates)]
        .sort((a, b) => a - b)
        .map((update) => {
          const { mean, standardDeviation } = spreadOf([...bySeed(rows, subject, metric, update).values()]);
          return {
            model: label,
            panel: scoreNames[score],
            update,
            ...(seconds !== undefined && { second: shorten(update * seconds) }),
            recall: shorten(mean),
            low: shorten(mean - standardDeviation),
            high: shorten(mean + standardDeviation),
          };
        });
    });
  });
}

function specify(points: readonly Point[], field: 'update' | 'second', title: string): Record<string, unknown> {
  const models = rankingModels.map(({ label }) => label);
  const x = { field, type: 'quantitative', title, scale: { nice: false } };
  const colour = {
    field: 'model',
    type: 'nominal',
    title: null,
    scale: { domain: models },
    legend: { symbolType: 'stroke', symbolSize: 600 },
  };
  const dash = {
    ...colour,
    scale: {
      domain: models,
      range: [
        [1, 0],
        [6, 3],
        [2, 3],
      ],
    },
  };
  const y = (value: string) => ({ field: value, type: 'quantitative', title: 'recall (%)', scale: { zero: false } });
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    hconcat: panels.map((score) => ({
      title: scoreNames[score],
      width: 260,
      height: 260,
      data: { values: points.filter(({ panel }) => panel === scoreNames[score]) },
      layer: [
        { mark: 'area', encoding: { x, y: y('low'), y2: { field: 'high' }, color: colour } },
        { mark: 'line', encoding: { x, y: y('recall'), color: colour, strokeDash: dash } },
      ],
    })),
  };
}

/** Five digits are more than a pixel shows, and keep reports small. */
function shorten(value: number): number {
  return Number(value.toPrecision(5));
}
