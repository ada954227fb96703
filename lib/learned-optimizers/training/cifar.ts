/** Training on convolutional networks that learn CIFAR-10 (§3.3): two learned optimizers, trained as one. */

import { readCifar10 } from '../../datasets/cifar-10.ts';
import { parameterLayout } from '../../kernels/coordinatewise-lstm.ts';
import type { EvaluationContext, TrainedModel, TrainingContext } from '../../pipeline/context.ts';
import { InvalidLearnedOptimizer } from '../errors.ts';
import { combineNetworks, groupTensors } from '../grouped-network.ts';
import { metaTrain } from '../meta-training.ts';
import {
  createOptimizerNetwork,
  joinParameters,
  type NetworkSettings,
  type OptimizerNetwork,
} from '../optimizer-network.ts';
import { splitTensors } from '../parameter-tensors.ts';
import { type CifarNetworkSettings, createCifarNetworks, parameterKind } from '../problems/cifar-network.ts';
import type { ProblemFamily } from '../problems/problem.ts';
import { type LearnedOptimizerTrial, type OptimizerTrial, trainOn, writeLearnedOptimizer } from '../training.ts';

type Machine = Pick<TrainingContext & EvaluationContext, 'backend' | 'dataset' | 'startTensorFlow'>;

export const createFamily = async (settings: CifarNetworkSettings, context: Machine & { readonly threads?: number }) =>
  createCifarNetworks(settings, await readCifar10(await context.dataset('cifar-10'), settings.split), {
    backend: context.backend,
    threads: context.threads ?? 1,
    startTensorFlow: () => context.startTensorFlow(),
  });

const trainBaseline = trainOn(createFamily);

export async function train(trial: OptimizerTrial<CifarNetworkSettings>, context: TrainingContext): Promise<void> {
  if (trial.kind === 'lstm') await trainLearnedOptimizers(trial, context);
  else await trainBaseline(trial, context);
}

async function trainLearnedOptimizers(
  trial: LearnedOptimizerTrial<CifarNetworkSettings>,
  context: TrainingContext,
): Promise<void> {
  const family = await createFamily(trial.problem, context);
  const network = await createOptimizers(trial.network, family, trial.metaTraining.unrollSteps, context);
  try {
    const result = await metaTrain(trial.metaTraining, family, network, context);
    await writeLearnedOptimizer(context, result, nameParameters(trial.network, family, result.parameters), {
      kind: 'learned-optimizers by kind of parameter',
      network: JSON.stringify(trial.network),
    });
  } finally {
    network.dispose();
    family.dispose();
  }
}

/** A network a kind of parameter, as one, with their states at zero and no parameters yet. */
export async function createOptimizers(
  settings: NetworkSettings,
  { tensors }: Pick<ProblemFamily, 'tensors'>,
  unrollSteps: number,
  context: Pick<TrainingContext, 'backend' | 'threads' | 'startTensorFlow'>,
): Promise<OptimizerNetwork> {
  const groups = groupTensors(tensors, parameterKind);
  const networks: OptimizerNetwork[] = [];
  for (const { coordinates } of groups) {
    networks.push(
      await createOptimizerNetwork(settings, {
        coordinates,
        unrollSteps,
        threads: context.threads,
        backend: context.backend,
        startTensorFlow: () => context.startTensorFlow(),
      }),
    );
  }
  return combineNetworks(groups, networks);
}

/** φ as named tensors: `convolution/layer-1/kernel`, …, `linear/output/bias`. */
function nameParameters(
  { preprocessing, hiddenUnits }: NetworkSettings,
  { tensors }: Pick<ProblemFamily, 'tensors'>,
  parameters: Float32Array,
): TrainedModel['tensors'] {
  const layout = parameterLayout({ inputs: preprocessing.kind === 'log-sign' ? 2 : 1, hidden: hiddenUnits });
  return Object.fromEntries(
    groupTensors(tensors, parameterKind).flatMap(({ name }, index) => {
      const own = parameters.subarray(index * layout.size, (index + 1) * layout.size);
      return Object.entries(splitTensors(layout, own)).map(([tensor, value]) => [`${name}/${tensor}`, value]);
    }),
  );
}

/** The learned optimizers in an artifact, with φ in the order of the groups of these tensors. Throws InvalidLearnedOptimizer. */
export function readLearnedOptimizers(
  model: TrainedModel,
  { tensors }: Pick<ProblemFamily, 'tensors'>,
): { readonly network: NetworkSettings; readonly parameters: Float32Array } {
  const { kind, network: settings } = model.metadata;
  if (kind !== 'learned-optimizers by kind of parameter' || settings === undefined) {
    throw new InvalidLearnedOptimizer(`its kind is '${kind}'`);
  }
  const network: NetworkSettings = JSON.parse(settings);
  const parts = groupTensors(tensors, parameterKind).map(({ name }) => {
    const prefix = `${name}/`;
    const own = Object.entries(model.tensors).filter(([tensor]) => tensor.startsWith(prefix));
    return joinParameters(
      network,
      Object.fromEntries(own.map(([tensor, value]) => [tensor.slice(prefix.length), value])),
    );
  });
  const parameters = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    parameters.set(part, at);
    at += part.length;
  }
  return { network, parameters };
}
