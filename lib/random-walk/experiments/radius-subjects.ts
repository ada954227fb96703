/** What the radius experiment measures, and under which names. A measurement's step is R; 0 where there is none. */
import type { BackEndKind } from '../back-ends/settings.ts';
import type { WalkVariant } from '../training/segmentation-networks.ts';
import type { NetworkParams } from './network-params.ts';
import { paperVariant } from './network-params.ts';

/** How a network was trained otherwise than by default. */
export interface TrainedWalk {
  /** R, in units of the stride. */
  readonly radius: number;
  readonly stride: 1 | 8;
}

/** The name of the network trained as every experiment's is. */
export const defaultPhase = 'random-walk';

export function variantOf(params: Pick<NetworkParams, 'trainedWalk'>, { radius, stride }: TrainedWalk): WalkVariant {
  const variant = paperVariant(params);
  return {
    ...variant,
    name: `radius-${radius}-stride-${stride}`,
    network: { ...variant.network, radius, walkStride: stride },
  };
}

/** A back-end, and how its walk was trained: the first part of a subject. */
export function networkName(backEnd: BackEndKind, phase = defaultPhase): string {
  return phase === defaultPhase ? backEnd : `${backEnd}/${phase}`;
}

export const unrefined = 'back-end';
export const denseCrfRefined = 'dense CRF';
export const converged = 'converged';
export const betweenScores = 'one step between scores';
export const afterSteps = (steps: number) => (steps === 1 ? 'one step' : `${steps} steps`);
export const subjectOf = (network: string, prediction: string) => `${network}: ${prediction}`;

/** Seconds of one picture: from features to what is predicted. */
export const pictureTimeMetric = 'seconds a picture';
/** Of which affinities are the first. */
export const affinityTimeMetric = 'seconds for affinities';
/** Products with A until the limit is reached within the tolerance. */
export const solverStepsMetric = 'products with A';
