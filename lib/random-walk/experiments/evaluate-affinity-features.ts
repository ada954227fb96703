/** Measures networks that differ in their affinity branch: what they segment, how well affinities fit labels, and their weights. */
import type { LabelledPicture } from '../../datasets/labelled-pictures.ts';
import { withPrefix } from '../../numerics/tensor-names.ts';
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { InvalidWalkInput, WalkNotConverged } from '../errors.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { clipNeighbourhood, createNeighbourhood } from '../neighbourhood.ts';
import { hiddenWeightsName } from '../parameter-names.ts';
import { startWalk, startWalkAlong, walkToLimit } from '../predict.ts';
import type { SegmentedPicture } from '../segmenter.ts';
import type { SegmentationTrial, WalkVariant } from '../training/segmentation-networks.ts';
import {
  affinityLossMetric,
  affinitySubject,
  allWeights,
  meanWeightMetric,
  positiveMetric,
  unrefined,
  unwalkedMetric,
} from './affinity-variants.ts';
import { LabelMeasures } from './label-measures.ts';
import { measuredPictures } from './measured-pictures.ts';
import { affinityWeightsOf, validationPictures } from './validation-pictures.ts';
import { sampleSegmented } from './walk-between-scores.ts';

export interface AffinityEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly trial: SegmentationTrial;
  /** `alone`, or a variant's name. */
  readonly phase: string;
  readonly pictures: number;
  readonly diffusion: number;
  /** R of the prediction. */
  readonly radius: number;
}

export async function evaluateAffinityFeatures(
  { trial, trials, phase, pictures, diffusion, radius }: AffinityEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const model = await context.model(trials[0]!);
  await context.startTensorFlow();
  const { twoLayerAffinitiesOfPicture } = await import('../two-layer-affinity.ts');
  const { measureAffinityLoss } = await import('./measure-affinity-loss.ts');
  const variant = trial.variants.find(({ name }) => name === phase);
  const weights = variant ? affinityWeightsOf(model, phase) : new Float32Array();
  const hidden = withPrefix(phase, model.tensors)[hiddenWeightsName]?.data as Float32Array | undefined;
  let [seen, names]: [number, readonly string[]] = [0, []];
  let measures: LabelMeasures | undefined;
  let [unwalked, loss] = [0, 0];

  for await (const { classNames, picture, segment } of validationPictures(trial, model, pictures, context)) {
    measures ??= new LabelMeasures(classNames.length);
    const segmented = segment(phase);
    let { scores } = segmented;
    if (variant) {
      try {
        scores = walkToLimit(startOn(segmented), diffusion).scores;
      } catch (error) {
        if (!(error instanceof InvalidWalkInput || error instanceof WalkNotConverged)) throw error;
        unwalked += 1;
      }
      loss += lossOf(segmented, picture, variant);
    }
    measures.add(picture, mostProbableLabels({ ...segmented, data: scores }));
    names = classNames;
    seen += 1;
  }

  const of = { subject: affinitySubject(trial.backEnd, variant?.name ?? unrefined), step: 0, seed: trial.seed };
  const rows = [...(await measuredPictures(trial, pictures, names, context)), ...measures!.measurements(of)];
  if (!variant) return rows;
  return [
    ...rows,
    { metric: affinityLossMetric, ...of, value: loss / seen, unit: 'squared error' },
    { metric: unwalkedMetric, ...of, value: unwalked, unit: 'pictures' },
    // The sign of a hidden unit's weight says nothing about that of a channel.
    ...(hidden ? [] : weightGroups(model, phase, weights).flatMap((group) => describeWeights(group, of))),
  ];

  function startOn(segmented: SegmentedPicture) {
    if (!hidden) return startWalk(segmented, { weights, radius });
    const neighbourhood = clipNeighbourhood(createNeighbourhood(radius), segmented.height, segmented.width);
    return startWalkAlong(
      segmented,
      twoLayerAffinitiesOfPicture(segmented, hidden, weights, neighbourhood),
      neighbourhood,
    );
  }

  /** Over the pixels and within the radius that the network was trained with. */
  function lossOf(segmented: SegmentedPicture, picture: LabelledPicture, { network }: WalkVariant): number {
    const sampled = network.walkStride === 1 ? segmented : sampleSegmented(segmented, network.walkStride);
    return measureAffinityLoss(sampled, picture, { ...network, weights, hidden });
  }
}

interface WeightGroup {
  readonly name: string;
  readonly weights: Float32Array;
}

/** θ whole, and by the layers that its channels come from. */
export function weightGroups(model: TrainedModel, phase: string, weights: Float32Array): readonly WeightGroup[] {
  const tensors = withPrefix(phase, model.tensors);
  const sizes = [
    ['RGB', 3],
    ...['conv1_1', 'conv1_2', 'fc6', 'fc7'].map((layer) => [layer, tensors[`${layer}/bias`]?.shape[0] ?? 0] as const),
  ] as const;
  const groups: WeightGroup[] = [{ name: allWeights, weights }];
  let start = 0;
  for (const [name, size] of sizes) {
    if (start + size > weights.length || size === 0) break;
    groups.push({ name, weights: weights.subarray(start, start + size) });
    start += size;
  }
  return groups;
}

function describeWeights({ name, weights }: WeightGroup, of: Pick<Measurement, 'subject' | 'step' | 'seed'>) {
  const positive = weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return [
    { metric: positiveMetric(name), ...of, value: positive / weights.length, unit: 'share' },
    { metric: meanWeightMetric(name), ...of, value: sum / weights.length, unit: '1' },
  ];
}
