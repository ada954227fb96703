/** What image-sentence ranking measures, under which names, and the paper's own numbers. */
import type { Measurement } from '../../pipeline/experiment.ts';
import type { RetrievalScores } from '../models/retrieval.ts';

/** Sym, OE and OE + LN of Table 2. */
export const rankingModels = [
  { subject: 'layer-normalized', label: 'OE + LN', similarity: 'order', normalization: 'layer' },
  { subject: 'plain', label: 'OE', similarity: 'order', normalization: 'none' },
  { subject: 'symmetric', label: 'Sym', similarity: 'cosine', normalization: 'none' },
] as const;
export type RankingSubject = (typeof rankingModels)[number]['subject'];

export const directions = ['caption', 'image'] as const;
export type Direction = (typeof directions)[number];

export const scoreNames = {
  recallAt1: 'R@1',
  recallAt5: 'R@5',
  recallAt10: 'R@10',
  meanRank: 'mean rank',
} as const satisfies Record<keyof RetrievalScores, string>;
export type ScoreName = keyof RetrievalScores;

/** `test caption R@1`, in percent; of a rank, `test caption mean rank`. */
export function scoreMetric(split: 'validation' | 'test', direction: Direction, score: ScoreName): string {
  return `${split} ${direction} ${scoreNames[score]}`;
}

export const scoreUnit = (score: ScoreName) => (score === 'meanRank' ? 'rank' : 'percent');

/** Sum of the three recalls of image retrieval: what the authors select a model by. */
export const selectionMetric = 'validation image R@1 + R@5 + R@10';
/** The update whose model was kept; the value is the number itself. */
export const keptUpdateMetric = 'update of the best model';
/** Of the subject, step 0: one update of training, measured. */
export const secondsMetric = 'seconds per update';
/** Pictures that were trained on, and pictures of one test fold. */
export const picturesMetric = 'training pictures';
export const foldMetric = 'pictures of a test fold';

/** Table 2: R@1, R@5, R@10, mean rank of caption retrieval, then of image retrieval. */
export const paperTable: Readonly<Record<string, readonly (number | undefined)[]>> = {
  'Sym, the paper on MS-COCO': [45.4, undefined, 88.7, 5.8, 36.3, undefined, 85.8, 9.0],
  'OE, the paper on MS-COCO': [46.6, 79.3, 89.1, 5.2, 37.8, 73.6, 85.7, 7.9],
  'OE + LN, the paper on MS-COCO': [48.5, 80.6, 89.8, 5.1, 38.9, 74.3, 86.3, 7.6],
};

/** A subject's values of a metric by seed; at one step where that is given. */
export function bySeed(
  rows: readonly Measurement[],
  subject: RankingSubject,
  metric: string,
  step?: number,
): ReadonlyMap<number, number> {
  return new Map(
    rows
      .filter((row) => row.subject === subject && row.metric === metric && (step === undefined || row.step === step))
      .map(({ seed, value }) => [seed, value]),
  );
}

/** A subject's validation curve of one seed, in the order of its updates. */
export function curveOf(
  rows: readonly Measurement[],
  subject: RankingSubject,
  metric: string,
  seed: number,
): readonly { readonly update: number; readonly value: number }[] {
  return rows
    .filter((row) => row.subject === subject && row.metric === metric && row.seed === seed)
    .map(({ step, value }) => ({ update: step, value }))
    .sort((a, b) => a.update - b.update);
}
