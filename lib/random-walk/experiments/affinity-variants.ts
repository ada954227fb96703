/** The affinity branches that are compared, each trained from the same back-end: their settings and their names. */
import type { BackEndKind } from '../back-ends/settings.ts';
import type { WalkVariant } from '../training/segmentation-networks.ts';
import { type NetworkParams, paperVariant } from './network-params.ts';

export const affinityVariantNames = [
  'rgb-conv1',
  'rgb',
  'rgb-conv1-fc',
  'two-layers',
  'non-positive',
  'no-affinity-loss',
] as const;
export type AffinityVariantName = (typeof affinityVariantNames)[number];

/** The paper's. */
export const baseline: AffinityVariantName = 'rgb-conv1';

/** For tables: what is different from the paper's branch. */
export const affinityLabels: Readonly<Record<AffinityVariantName, string>> = {
  'rgb-conv1': 'RGB, conv1_1, conv1_2 (the paper’s)',
  rgb: 'RGB alone',
  'rgb-conv1-fc': 'with fc6 and fc7',
  'two-layers': 'two convolution layers',
  'non-positive': 'θ kept ≤ 0',
  'no-affinity-loss': 'without the affinity loss',
};

/** A residual back-end has no fc6 and fc7, and of it only the choice of conv1 is in question: the paper leaves that open. */
export function variantNamesOf(backEnd: BackEndKind): readonly AffinityVariantName[] {
  return backEnd === 'deeplab-v2' ? ['rgb-conv1', 'rgb'] : affinityVariantNames;
}

export function affinityVariant(
  params: Pick<NetworkParams, 'trainedWalk'> & { readonly hiddenUnits: number },
  name: AffinityVariantName,
): WalkVariant {
  const paper = paperVariant(params);
  const changes: Readonly<Record<AffinityVariantName, Partial<WalkVariant['network']>>> = {
    'rgb-conv1': {},
    rgb: { affinityFeatures: 'rgb' },
    'rgb-conv1-fc': { affinityFeatures: 'rgb-conv1-fc' },
    'two-layers': { hiddenUnits: params.hiddenUnits },
    'non-positive': { areWeightsNonPositive: true },
    'no-affinity-loss': { affinityLossWeight: 0 },
  };
  return { ...paper, name, network: { ...paper.network, ...changes[name] } };
}

export const unrefined = 'back-end';
/** A back-end, and what it is refined with. */
export const affinitySubject = (backEnd: BackEndKind, variant: string) => `${backEnd}: ${variant}`;

export const affinityLossMetric = 'affinity loss';
/** Of θ: how many of its numbers are above 0. */
export const positiveMetric = (group: string) => `share of weights above 0: ${group}`;
export const meanWeightMetric = (group: string) => `mean weight: ${group}`;
export const allWeights = 'all';
/** Pictures that keep the back-end's scores, because affinities overflow or the walk does not converge. */
export const unwalkedMetric = 'pictures without a walk';
