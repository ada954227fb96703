/** What image-sentence ranking measures, under which names, and the paper's own numbers. */
import type { RetrievalScores } from '../models/retrieval.ts';

/** OE + LN, OE and Sym of Table 2. */
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
export const recallNames = ['recallAt1', 'recallAt5', 'recallAt10'] as const satisfies readonly ScoreName[];

/** `test caption R@1`, in percent; of a rank, `test caption mean rank`. Those of validation have a step for each. */
export function scoreMetric(split: 'validation' | 'test', direction: Direction, score: ScoreName): string {
  return `${split} ${direction} ${scoreNames[score]}`;
}

export const scoreUnit = (score: ScoreName) => (score === 'meanRank' ? 'rank' : 'percent');

/** Sum of the three recalls of image retrieval, at each validation: what the authors select a model by. */
export const selectionMetric = 'validation image R@1 + R@5 + R@10';
/** Its mean over all validations of a training: the higher, the sooner and the further it came. */
export const curveMeanMetric = 'validation image R@1 + R@5 + R@10, mean over the curve';
/** Sum of the three recalls in both directions on the test folds. */
export const testSumMetric = 'test R@1 + R@5 + R@10 of both directions';
/** The number of updates of the model that was kept. */
export const keptUpdateMetric = 'updates to the best model';
/** Pictures that were trained on, and pictures of one test fold. */
export const picturesMetric = 'training pictures';
export const foldMetric = 'pictures of a test fold';

/** Table 2: R@1, R@5, R@10, mean rank of caption retrieval, then of image retrieval. */
export const paperTable: Readonly<Record<string, readonly (number | undefined)[]>> = {
  'Sym, the paper on MS-COCO': [45.4, undefined, 88.7, 5.8, 36.3, undefined, 85.8, 9.0],
  'OE, the paper on MS-COCO': [46.6, 79.3, 89.1, 5.2, 37.8, 73.6, 85.7, 7.9],
  'OE + LN, the paper on MS-COCO': [48.5, 80.6, 89.8, 5.1, 38.9, 74.3, 86.3, 7.6],
};
