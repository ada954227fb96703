/** The datasets of Table 5, and ours beside them. */
import type { SceneDataset } from '../training/segmentation-networks.ts';

export const sceneLabellingDatasets = [
  'stanford-background',
  'sift-flow',
  'voc-segmentation',
] as const satisfies readonly SceneDataset[];
export type SceneLabellingDataset = (typeof sceneLabellingDatasets)[number];

export const sceneLabellingNames: Readonly<Record<SceneLabellingDataset, string>> = {
  'stanford-background': 'Stanford Background',
  'sift-flow': 'SIFT Flow',
  'voc-segmentation': 'voc-segmentation',
};
