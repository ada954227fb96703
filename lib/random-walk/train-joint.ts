/** Joint training of a random walk network, from a trained back-end (§4.5): 2000 iterations in the paper, 15 crops each. */

import { randomStream } from '../numerics/random.ts';
import type { NamedTensors } from '../numerics/safetensors.ts';
import type { TrainingContext } from '../pipeline/context.ts';
import { trainByRule } from '../training/train-by-rule.ts';
import { keepNonPositive } from '../training/update-rules.ts';
import { type CropSettings, drawMinibatch, type LabelledImage } from './back-ends/minibatch.ts';
import type { OptimizerSettings } from './back-ends/optimizer-settings.ts';
import { parameterFactors, updateRule } from './back-ends/train-back-end.ts';
import { createJointNetwork, type JointSettings, jointLoss } from './joint-network.ts';
import { affinityWeightsName } from './parameter-names.ts';

export interface JointTraining extends CropSettings {
  readonly network: JointSettings;
  readonly updates: number;
  readonly optimizer: OptimizerSettings;
  /** What the rate of the affinity branch is multiplied by: colours from 0 to 1 make its steps small beside its size. */
  readonly affinityRateFactor: number;
  readonly recordEveryUpdates: number;
}

/** Writes curve (both losses apart) and model: the back-end's parameters, and θ as `affinity/weights`. */
export async function trainJointly(
  training: JointTraining,
  backEnd: NamedTensors,
  images: readonly LabelledImage[],
  seed: number,
  context: TrainingContext,
): Promise<void> {
  const { network: settings, updates, optimizer, affinityRateFactor, recordEveryUpdates } = training;
  const network = createJointNetwork(settings);
  const rule = updateRule(optimizer, updates, (name) =>
    name.startsWith('affinity/')
      ? { rate: affinityRateFactor, decay: 1 }
      : parameterFactors(name, optimizer.scoreRateFactor),
  );
  await trainByRule(
    {
      parameters: network.initialize(backEnd, seed),
      updates,
      rule: settings.areWeightsNonPositive ? keepNonPositive(rule, affinityWeightsName) : rule,
      loss(parameters, update) {
        const batch = drawMinibatch(images, training, seed, update);
        return jointLoss(network, settings, parameters, batch, randomStream(seed, 'dropout', update));
      },
      recordEveryUpdates,
      metadata: { kind: 'random walk network', network: JSON.stringify(settings) },
    },
    context,
  );
}
