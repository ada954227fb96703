/** What `alpha` measures, by the names of its rows: their step is the weight of the walk. */
import type { NetworkParams } from './network-params.ts';

/** Steps of Eq. 1 after which Figure 7 has most of its rise still to come. */
export const earlySteps = 5;

export const alphaMetrics = {
  changed: 'labels that the walk changes',
  changedLate: `labels that change after ${earlySteps} steps`,
  earlyMeanIoU: `mean IoU after ${earlySteps} steps`,
  fixedPointSteps: 'steps of the fixed point to 1e-3',
} as const;

/** What is walked over, and along which affinities. */
export const affinityNames = {
  trained: 'random walk network, trained affinities',
  colours: 'back-end alone, hand-set affinities of colours',
} as const;
export type AffinityKind = keyof typeof affinityNames;
export const affinityKinds = Object.keys(affinityNames) as readonly AffinityKind[];

export const valueNames = { scores: 'scores', probabilities: 'probabilities' } as const;
export type WalkedValues = keyof typeof valueNames;

export function subjectOf(affinities: AffinityKind, values: WalkedValues): string {
  return `${affinities}/${values}`;
}

/** α of §4.5, 0.01, and the weight of the walk by both readings of it. */
export function readingsOf({ diffusion }: Pick<NetworkParams, 'diffusion'>): {
  readonly alpha: number;
  /** As Eq. 1 is printed, α weighs the walk. */
  readonly printed: number;
  /** α weighs the segmentation f. */
  readonly other: number;
} {
  // Without the digits that a subtraction of binary fractions leaves.
  const alpha = Number((1 - diffusion).toPrecision(12));
  return { alpha, printed: alpha, other: diffusion };
}

/** All weights of the walk that are measured, in ascending order, from 0, which is no walk. */
export function sweptDiffusions(
  params: Pick<NetworkParams, 'diffusion'> & { readonly otherDiffusions: readonly number[] },
): readonly number[] {
  const { printed, other } = readingsOf(params);
  return [...new Set([0, printed, other, ...params.otherDiffusions])].sort((a, b) => a - b);
}
