/** The statements of §5.2, each measured on one model: the metric, Eq. 13, the implicit learning rate, the gain. */

import type { RandomStream } from '../../numerics/random.ts';
import { fisherByDefinition } from '../analysis/fisher-by-definition.ts';
import {
  factorFisher,
  fisherBlock,
  fisherMatrix,
  joinLayerParameters,
  riemannianMetric,
  splitLayerParameters,
} from '../analysis/fisher-matrix.ts';
import { differentiateLayer, keepOwnUnit, type LayerJacobian } from '../analysis/jacobian.ts';
import { gradientOfLoss, meanDivergence } from '../analysis/linear-model.ts';
import {
  applyLayer,
  type LayerActivations,
  type LayerParameters,
  type Normalization,
} from '../analysis/normalized-layer.ts';
import { bernoulli, type OutputFamily } from '../analysis/output-families.ts';
import { drawNormal, type RandomModel } from '../analysis/random-layer.ts';
import { angleBetween, norm, relativeError } from '../analysis/vectors.ts';

interface Differentiated {
  readonly activations: LayerActivations;
  readonly jacobian: LayerJacobian;
}

function differentiate(normalization: Normalization, { parameters, cases }: RandomModel): Differentiated {
  const activations = applyLayer(normalization, parameters, cases);
  return { activations, jacobian: differentiateLayer(normalization, parameters, cases, activations) };
}

export interface MetricError {
  /** |δ| */
  readonly length: number;
  /** Means over directions, in nats */
  readonly divergence: number;
  /** |KL − ds²| */
  readonly error: number;
}

/** Eq. 8: ds² = ½ δᵀFδ against the divergence between θ and θ + δ, along random directions of each length. */
export function measureMetric(
  normalization: Normalization,
  model: RandomModel,
  family: OutputFamily,
  lengths: readonly number[],
  directions: number,
  random: RandomStream,
): readonly MetricError[] {
  const { activations, jacobian } = differentiate(normalization, model);
  const fisher = fisherMatrix(factorFisher(jacobian, activations, family));
  const { parameters, cases } = model;
  const at = joinLayerParameters(normalization, parameters);
  const units = parameters.bias.length;
  const drawn = Array.from({ length: directions }, () => {
    const direction = drawNormal(random, at.length);
    const scale = norm(direction);
    return direction.map((value) => value / scale);
  });
  return lengths.map((length) => {
    let divergence = 0;
    let error = 0;
    for (const direction of drawn) {
      const step = direction.map((value) => length * value);
      const others = splitLayerParameters(
        normalization,
        at.map((value, index) => value + step[index]!),
        units,
      );
      const exact = meanDivergence(normalization, parameters, others, cases, family);
      divergence += exact / directions;
      error += Math.abs(exact - riemannianMetric(fisher, step)) / directions;
    }
    return { length, divergence, error };
  });
}

/** ‖F̂ − F‖ / ‖F‖ with F by Eq. 9, literally: of the factors with all of K, and of Eqs 13 and 14 as they are printed. */
export function compareWithDefinition(normalization: Normalization, model: RandomModel, family: OutputFamily) {
  const { activations, jacobian } = differentiate(normalization, model);
  const exact = fisherByDefinition(normalization, model.parameters, model.cases, family).values;
  const errorOf = (used: LayerJacobian) =>
    relativeError(fisherMatrix(factorFisher(used, activations, family)).values, exact);
  return { allUnits: errorOf(jacobian), ownUnit: errorOf(keepOwnUnit(jacobian)) };
}

/**
 * What Eq. 13 leaves out under layer normalization: ‖F̂ − F‖ / ‖F‖ over the units' own blocks and over the whole matrix;
 * and the curvature δᵀFδ along δ = W, to which layer normalization is invariant, as a share of the mean curvature along
 * as long a step of random weights.
 */
export function measureOwnUnitError(model: RandomModel, family: OutputFamily) {
  const { activations, jacobian } = differentiate('layer', model);
  const exact = factorFisher(jacobian, activations, family);
  const printed = factorFisher(keepOwnUnit(jacobian), activations, family);
  const { weights } = model.parameters;
  const { units, features } = jacobian;
  const sums = { ownError: 0, own: 0, allError: 0, all: 0, alongExact: 0, alongPrinted: 0, trace: 0 };
  for (let i = 0; i < units; i++) {
    for (let j = 0; j < units; j++) {
      const block = fisherBlock(exact, i, j);
      const other = fisherBlock(printed, i, j).values;
      const size = norm(block.values) ** 2;
      const error = norm(block.values.map((value, index) => value - other[index]!)) ** 2;
      sums.all += size;
      sums.allError += error;
      for (let k = 0; k < features; k++) {
        for (let l = 0; l < features; l++) {
          const product = weights[i * features + k]! * weights[j * features + l]!;
          sums.alongExact += product * block.values[k * block.size + l]!;
          sums.alongPrinted += product * other[k * block.size + l]!;
        }
      }
      if (i !== j) continue;
      sums.own += size;
      sums.ownError += error;
      for (let k = 0; k < features; k++) sums.trace += block.values[k * block.size + k]!;
    }
  }
  const random = (norm(weights) ** 2 * sums.trace) / weights.length;
  return {
    ownBlocks: Math.sqrt(sums.ownError / sums.own),
    wholeMatrix: Math.sqrt(sums.allError / sums.all),
    exactAlongWeights: Math.abs(sums.alongExact) / random,
    printedAlongWeights: Math.abs(sums.alongPrinted) / random,
  };
}

/** The weights × `scale`: what a step of gradient descent of the same rate turns then, and how curved the loss is. */
export function measureScaledWeights(
  normalization: Normalization,
  model: RandomModel,
  targets: Float64Array,
  scale: number,
  learningRate: number,
) {
  const parameters: LayerParameters = {
    ...model.parameters,
    weights: model.parameters.weights.map((value) => scale * value),
  };
  const { gradient } = gradientOfLoss(normalization, parameters, model.cases, targets, bernoulli);
  const moved = parameters.weights.map((value, index) => value - learningRate * gradient.weights[index]!);
  const { features } = model.cases;
  const { activations, jacobian } = differentiate(normalization, { parameters, cases: model.cases });
  const factors = factorFisher(jacobian, activations, bernoulli);
  const units = parameters.bias.length;
  let angle = 0;
  let ownWeights = 0;
  let radial = 0;
  for (let i = 0; i < units; i++) {
    const row = parameters.weights.subarray(i * features, (i + 1) * features);
    angle += angleBetween(row, moved.subarray(i * features, (i + 1) * features)) / units;
    const { size, values } = fisherBlock(factors, i, i);
    const block = values.filter((_, index) => index % size < features && index < features * size);
    ownWeights += norm(block) / units;
    let along = 0;
    for (let k = 0; k < features; k++) {
      for (let l = 0; l < features; l++) along += row[k]! * block[k * features + l]! * row[l]!;
    }
    radial += Math.abs(along) / (norm(row) ** 2 * norm(block)) / units;
  }
  return {
    /** Mean over units, radians */
    angle,
    /** ‖F_ii‖ of the weights, mean over units */
    ownWeights,
    /** w_iᵀF_ii w_i / (‖w_i‖² ‖F_ii‖), mean over units */
    radial,
  };
}

/**
 * How the metric along the magnitude of the incoming weights grows where the inputs are multiplied by `factor`: along the
 * gains of a normalised model, along w_i/‖w_i‖ of a standard one.
 */
export function measureGainMetric(
  normalization: Normalization,
  { parameters, cases }: RandomModel,
  family: OutputFamily,
  factor: number,
): number {
  const metric = (inputs: Float64Array) => {
    const model = { parameters, cases: { ...cases, inputs } };
    const { activations, jacobian } = differentiate(normalization, model);
    const factors = factorFisher(jacobian, activations, family);
    let sum = 0;
    for (let i = 0; i < parameters.bias.length; i++) {
      const { size, values } = fisherBlock(factors, i, i);
      if (normalization !== 'none') sum += values[size * size - 1]!;
      else {
        const row = parameters.weights.subarray(i * cases.features, (i + 1) * cases.features);
        const direction = Float64Array.from({ length: size }, (_, k) => (row[k] ?? 0) / norm(row));
        sum += 2 * riemannianMetric({ size, values }, direction);
      }
    }
    return sum;
  };
  return metric(cases.inputs.map((value) => factor * value)) / metric(cases.inputs);
}
