/** Random layers and random data, on which the identities of §5 are measured. */

import { type RandomStream, randomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import type { Cases, LayerParameters } from './normalized-layer.ts';

export interface LayerSizes {
  readonly cases: number;
  readonly features: number;
  readonly units: number;
}

/**
 * Inputs x = A s + m with s ~ N(0, I): correlated, and with a mean, so that nothing holds by the symmetry of the data
 * alone. A and m are drawn from the same stream.
 */
export function drawCases(random: RandomStream, { cases: count, features }: Omit<LayerSizes, 'units'>): Cases {
  const mixing = drawNormal(random, features * features, 1 / Math.sqrt(features));
  const mean = drawNormal(random, features);
  const inputs = new Float64Array(count * features);
  for (let n = 0; n < count; n++) {
    const source = drawNormal(random, features);
    for (let k = 0; k < features; k++) {
      let sum = mean[k]!;
      for (let l = 0; l < features; l++) sum += mixing[k * features + l]! * source[l]!;
      inputs[n * features + k] = sum;
    }
  }
  return { count, features, inputs };
}

/** Weights ~ N(0, 1/features); biases and gains away from 0 and 1, so that no unit is like another. */
export function drawParameters(random: RandomStream, { features, units }: Omit<LayerSizes, 'cases'>): LayerParameters {
  return {
    weights: drawNormal(random, units * features, 1 / Math.sqrt(features)),
    bias: drawNormal(random, units, 0.3),
    gain: drawNormal(random, units, 0.2).map((value) => 1 + value),
  };
}

export function drawNormal(random: RandomStream, length: number, deviation = 1): Float64Array {
  return Float64Array.from({ length }, () => deviation * random.normal());
}

export interface RandomModel {
  readonly parameters: LayerParameters;
  readonly cases: Cases;
}

/** A layer and its data from streams of their own: more cases do not change the weights. */
export function drawModel(seed: number, name: string, sizes: LayerSizes): RandomModel {
  return {
    parameters: drawParameters(randomStream(seed, name, 'parameters'), sizes),
    cases: drawCases(randomStream(seed, name, 'cases'), sizes),
  };
}

/** As an artifact's tensors; `readModel` is its inverse. */
export function modelTensors({ parameters, cases }: RandomModel): NamedTensors {
  const { weights, bias, gain } = parameters;
  const units = bias.length;
  return {
    weights: { shape: [units, cases.features], data: weights },
    bias: { shape: [units], data: bias },
    gain: { shape: [units], data: gain },
    inputs: { shape: [cases.count, cases.features], data: cases.inputs },
  };
}

export function readModel(tensors: NamedTensors): RandomModel {
  const read = (name: string) => Float64Array.from(tensors[name]!.data);
  const [count, features] = tensors.inputs!.shape as [number, number];
  return {
    parameters: { weights: read('weights'), bias: read('bias'), gain: read('gain') },
    cases: { count, features, inputs: read('inputs') },
  };
}
