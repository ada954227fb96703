/** What the experiments that compare refinements of predictions have in common beside the networks. */
import { z } from 'zod';
import type { PresetName } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import { crfCandidates } from './choose-rivals.ts';
import type { NetworkParams } from './network-params.ts';

/** Fields of a parameter schema. */
export const refinementFields = {
  /** Training pictures that the settings of CRF and domain transform are chosen on. */
  choosingImages: z.number().int().min(1).max(10_000),
};

interface RefinementParams {
  readonly choosingImages: number;
}

export const refinementPresets: Readonly<Record<PresetName, RefinementParams>> = {
  smoke: { choosingImages: 1 },
  laptop: { choosingImages: 6 },
  overnight: { choosingImages: 30 },
  paper: { choosingImages: 100 },
};

export const rivalDeviation =
  'The CRF is ours with pydensecrf’s usual settings or weaker ones, its positions in proportion to the pictures: for each trained back-end the one of four that is best by mean IoU on training pictures.';

export const refinementDeviations: readonly string[] = [
  rivalDeviation,
  'The domain transform is chosen alike, and filters by the picture’s colours where DeepLab-DT learns an edge map.',
  'The paper’s “overall IOU” has no formula: micro IoU, Σ TP / Σ (TP + FP + FN), and the frequency-weighted IoU stand beside its numbers, each under its name.',
];

/** Core-seconds of an evaluation: measured refinements of 240 × 180 pixels in 11 classes, in proportion to the pixels. */
export function evaluationSeconds(
  { longestSide, size, validationImages, choosingImages, radius }: NetworkParams & RefinementParams,
  backEnd: BackEndKind,
): number {
  const pictures = Math.min(validationImages, 1449);
  const pixels = 0.75 * longestSide ** 2;
  const scales = { 'large-fov': 1, attention: 1.4, 'deeplab-v2': 2 }[backEnd];
  const forward = pixels * scales * { tiny: 5e-7, small: 3e-6, published: 2e-5 }[size];
  const crf = pixels * 1.2e-5;
  const walk = pixels * radius ** 2 * 4e-7;
  return (
    2 + pictures * (3 * forward + crf + walk) + choosingImages * (forward + crfCandidates(longestSide).length * crf)
  );
}
