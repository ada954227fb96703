/** Draws the random layers whose invariances are measured (Table 1). */
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import { drawModel, drawNormal, type LayerSizes, modelTensors } from '../analysis/random-layer.ts';
import { norm } from '../analysis/vectors.ts';

export interface RandomLayerTrial extends LayerSizes {
  /** `random-layer/seed-0` */
  readonly name: string;
  readonly cpus: number;
  readonly group: string;
  readonly seed: number;
}

/** There is nothing to learn: the artifact is a layer, its data, and the vectors by which weights and inputs are shifted. */
export async function train(trial: RandomLayerTrial, context: TrainingContext): Promise<void> {
  const { seed, cases, features, units } = trial;
  const model = drawModel(seed, 'random-layer', { cases, features, units });
  const shift = (name: string) => ({
    shape: [features],
    data: drawNormal(randomStream(seed, 'random-layer', name), features),
  });
  await context.writeMetrics([{ cases, features, units, weightNorm: norm(model.parameters.weights) }]);
  await context.writeModel(
    { ...modelTensors(model), weightShift: shift('weight-shift'), inputShift: shift('input-shift') },
    { kind: 'random-layer' },
  );
}
