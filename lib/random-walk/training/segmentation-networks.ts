/**
 * Trains a segmentation back-end, and from it, each for as many updates more, the same back-end alone and random walk networks:
 * what a walk is compared with has then seen as many images as the walk's own back-end.
 */
import { openLabelledPictures } from '../../datasets/labelled-pictures.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import type { BaseTrial } from '../../pipeline/experiment.ts';
import type { OptimizerSettings } from '../back-ends/optimizer-settings.ts';
import { type BackEndKind, type BackEndSize, backEndOfSize } from '../back-ends/settings.ts';
import type { JointSettings } from '../joint-network.ts';
import { readScaledPictures, spreadNames } from './scaled-images.ts';

/** Datasets with a class for every pixel. */
export type SceneDataset = 'voc-segmentation' | 'sbd' | 'stanford-background' | 'sift-flow';

export interface TrainingStage {
  readonly updates: number;
  readonly optimizer: OptimizerSettings;
}

/** A random walk network to train from the trial's back-end. */
export interface WalkVariant {
  readonly name: string;
  readonly network: Omit<JointSettings, 'backEnd'>;
  /** What the rate of θ is multiplied by: colours from 0 to 1 make its gradients small beside its size. */
  readonly affinityRateFactor: number;
}

export interface SegmentationTrial extends BaseTrial {
  readonly dataset: SceneDataset;
  readonly seed: number;
  /** Larger images are made smaller, to this length of the longer side. */
  readonly longestSide: number;
  /** Of the dataset's list, spread evenly; all where it has not more. */
  readonly trainingImages: number;
  readonly backEnd: BackEndKind;
  readonly size: BackEndSize;
  readonly batchSize: number;
  readonly cropHeight: number;
  readonly cropWidth: number;
  readonly backEndTraining: TrainingStage;
  readonly jointTraining: TrainingStage;
  readonly variants: readonly WalkVariant[];
}

/** What the phases are called in the model: the back-end before, the back-end after as many updates more as the networks. */
export const backEndPhase = 'back-end';
export const alonePhase = 'alone';

/** Writes the parameters of all phases, the networks' under their variants' names. */
export async function train(trial: SegmentationTrial, context: TrainingContext): Promise<void> {
  await context.startTensorFlow();
  const { createBackEnd } = await import('../back-ends/back-end.ts');
  const { trainBackEnd } = await import('../back-ends/train-back-end.ts');
  const { trainJointly } = await import('../train-joint.ts');
  const { trainInPhases } = await import('../../training/train-phases.ts');

  const pictures = await openLabelledPictures(await context.dataset(trial.dataset));
  const names = spreadNames(pictures.training, trial.trainingImages);
  const images = await readScaledPictures(pictures, names, trial.longestSide);
  const { seed, batchSize, cropHeight, cropWidth, backEndTraining, jointTraining } = trial;
  const backEnd = backEndOfSize(trial.backEnd, trial.size, pictures.classNames.length);
  const crops = { batchSize, cropHeight, cropWidth };
  const recordEvery = (updates: number) => Math.max(1, Math.round(updates / 20));
  const alone = (stage: TrainingStage) => ({
    backEnd,
    ...crops,
    ...stage,
    recordEveryUpdates: recordEvery(stage.updates),
  });
  /** Other minibatches than the back-end's first ones. */
  const laterSeed = seed + laterSeeds;
  const trained = (earlier: Readonly<Record<string, NamedTensors>>) => earlier[backEndPhase]!;
  await trainInPhases(
    [
      {
        name: backEndPhase,
        updates: backEndTraining.updates,
        train: (_, inner) =>
          trainBackEnd(alone(backEndTraining), createBackEnd(backEnd).initialize(seed), images, seed, inner),
      },
      {
        name: alonePhase,
        updates: jointTraining.updates,
        train: (earlier, inner) => trainBackEnd(alone(jointTraining), trained(earlier), images, laterSeed, inner),
      },
      ...trial.variants.map(({ name, network, affinityRateFactor }) => ({
        name,
        updates: jointTraining.updates,
        train: (earlier: Readonly<Record<string, NamedTensors>>, inner: TrainingContext) =>
          trainJointly(
            {
              network: { backEnd, ...network },
              ...crops,
              ...jointTraining,
              affinityRateFactor,
              recordEveryUpdates: recordEvery(jointTraining.updates),
            },
            trained(earlier),
            images,
            laterSeed,
            inner,
          ),
      })),
    ],
    { kind: 'segmentation networks', backEnd: JSON.stringify(backEnd) },
    context,
  );
}

const laterSeeds = 1_000_000;
