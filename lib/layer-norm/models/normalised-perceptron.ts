/**
 * The classifier of §6.6: a perceptron on images whose hidden layers are normalised by layer, or all of whose layers are
 * normalised by batch, or not at all; softmax and cross entropy; its gradient; its updates by Adam.
 *
 *   a = h W;   h′ = relu(g ⊙ normalise(a) + b)   in hidden layers, h′ = relu(a + b) in the plain network
 *   logits = h W + b   (batch normalization: g ⊙ normalise(h W) + b)
 *
 * "Layer normalization [excludes] the last softmax layer", where "the prediction confidence is determined by the scale of
 * the logits"; batch normalization "is applied to all layers". Sums are not biased before they are normalised.
 */
import { type AdamSettings, createDenseArithmetic } from '../../kernels/dense-arithmetic.ts';
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import type { NumericBackend } from '../../numerics/backend.ts';
import type { RandomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import {
  applyColumnStatistics,
  type ColumnStatistics,
  normalizeColumns,
  normalizeRows,
  reverseNormalizeColumns,
  reverseNormalizeRows,
} from './normalised-rows.ts';
import { packTensors, unpackTensors } from './packed-parameters.ts';
import { arrangeLayers, type PerceptronSettings, view } from './perceptron-layers.ts';
import { maskRectified, reverseGain, scaleAndRectify, sumRows, transpose, transposeBack } from './rectified-rows.ts';

export interface Scores {
  /** Sum over the images, in nats. */
  readonly negativeLogLikelihood: number;
  readonly errors: number;
}

export interface NormalisedPerceptron {
  /** All weights, gains and biases behind one another, and the like of the gradient and of Adam's moments. */
  readonly parameters: FloatArray;
  readonly gradient: FloatArray;
  readonly firstMoment: FloatArray;
  readonly secondMoment: FloatArray;
  /** Batch normalization's running means and variances behind one another; empty without it. */
  readonly running: FloatArray;
  /** Pixels of the images at work, written by the caller. [rows, inputs] */
  readonly images: FloatArray;
  /** Their classes, written by the caller. [rows] */
  readonly labels: Uint8Array;
  /** Random weights, N(0, 2 / inputs) below a rectifier and N(0, 1 / inputs) in the last layer; gains 1, biases 0. */
  initialize(random: RandomStream): void;
  /** Mean negative log likelihood of the first `rows` images, in nats, its gradient, and new running statistics. */
  lossAndGradient(rows: number): number;
  update(adam: AdamSettings, update: number): void;
  /** As at the time of a test: batch normalization goes by its running statistics. */
  score(rows: number): Scores;
  /** `layer-1/kernel` [inputs, outputs], `layer-1/gain`, `layer-1/bias`, …, `layer-1/runningMean`, … */
  tensors(): NamedTensors;
  /** The reverse of `tensors`. */
  load(tensors: NamedTensors): void;
}

type ArrayName =
  | 'parameters'
  | 'gradient'
  | 'firstMoment'
  | 'secondMoment'
  | `${'summed' | 'output' | 'delta'}${number}`
  | 'images'
  | 'deltaTransposed'
  | 'belowTransposed';

/**
 * @param rows the most images that are ever worked on at once
 * @param precision `float64` for the checking of gradients, in plain TypeScript
 */
export function createNormalisedPerceptron(
  settings: PerceptronSettings,
  rows: number,
  backend: NumericBackend | 'float64',
): NormalisedPerceptron {
  const { epsilon, classes, runningDecay } = settings;
  const { layers, parameters: layout, running: runningLayout } = arrangeLayers(settings);
  const widest = Math.max(...layers.map(({ width }) => width));
  const lengths: Record<string, number> = {
    parameters: layout.length,
    gradient: layout.length,
    firstMoment: layout.length,
    secondMoment: layout.length,
    images: rows * settings.inputs,
    deltaTransposed: widest * paddedColumns(rows),
    belowTransposed: widest * paddedColumns(rows),
  };
  for (const [index, { width }] of layers.entries()) {
    for (const name of ['summed', 'output', 'delta']) lengths[`${name}${index}`] = rows * width;
  }
  const arithmetic = createDenseArithmetic(lengths as Record<ArrayName, number>, backend);
  const { arrays } = arithmetic;
  const { parameters, gradient, firstMoment, secondMoment, images } = arrays;
  const running = new (backend === 'float64' ? Float64Array : Float32Array)(runningLayout.length);
  const labels = new Uint8Array(rows);
  const rstd = layers.map(() => new Float64Array(rows));
  const statistics: readonly ColumnStatistics[] = layers.map(({ width }) => ({
    mean: new Float64Array(width),
    variance: new Float64Array(width),
  }));

  /** Inputs of a layer. [rows, inputs] */
  const inputsOf = (index: number) => (index === 0 ? images : arrays[`output${index - 1}`]!);
  const divisorOf = (count: number) => (settings.batchVariance === 'unbiased' ? count - 1 : count);

  function forward(count: number, isTraining: boolean): void {
    for (const [index, layer] of layers.entries()) {
      const { inputs, width, kernel, gain, bias, isLast } = layer;
      const summed = arrays[`summed${index}`]!;
      const weights = { values: view(parameters, kernel), rows: inputs, columns: width };
      arithmetic.multiply({ values: inputsOf(index), rows: count, columns: inputs }, weights, summed);
      const shape = { rows: count, width };
      if (layer.normalization === 'layer') normalizeRows(summed, rstd[index]!, shape, epsilon);
      if (layer.normalization === 'batch') {
        const [mean, variance] = [view(running, layer.runningMean!), view(running, layer.runningVariance!)];
        if (isTraining) {
          normalizeColumns(summed, statistics[index]!, shape, divisorOf(count), epsilon);
          keepRunning(mean, statistics[index]!.mean);
          keepRunning(variance, statistics[index]!.variance);
        } else applyColumnStatistics(summed, { mean, variance }, shape, epsilon);
      }
      const gains = gain && view(parameters, gain);
      scaleAndRectify(summed, gains, view(parameters, bias), arrays[`output${index}`]!, shape, !isLast);
    }
  }

  function keepRunning(target: FloatArray, latest: ArrayLike<number>): void {
    for (let k = 0; k < target.length; k++) {
      target[k] = runningDecay * target[k]! + (1 - runningDecay) * latest[k]!;
    }
  }

  function backward(count: number): void {
    for (let index = layers.length - 1; index >= 0; index--) {
      const layer = layers[index]!;
      const { inputs, width, kernel, gain, bias, isLast } = layer;
      const delta = arrays[`delta${index}`]!;
      const normalised = arrays[`summed${index}`]!;
      const shape = { rows: count, width };
      if (!isLast) maskRectified(delta, arrays[`output${index}`]!, count * width);
      sumRows(delta, view(gradient, bias), shape);
      if (gain) reverseGain(delta, normalised, view(parameters, gain), view(gradient, gain), shape);
      if (layer.normalization === 'layer') reverseNormalizeRows(delta, normalised, rstd[index]!, shape);
      if (layer.normalization === 'batch') {
        reverseNormalizeColumns(delta, normalised, statistics[index]!, shape, divisorOf(count), epsilon);
      }
      const summedGradient = { values: delta, rows: count, columns: width };
      const below = { values: inputsOf(index), rows: count, columns: inputs };
      arithmetic.multiplyTransposed(below, summedGradient, view(gradient, kernel));
      if (index === 0) return;
      // ∂L/∂h = ∂L/∂a Wᵀ, as (W ∂L/∂aᵀ)ᵀ: few rows are many columns, and weights are read in their order.
      const { deltaTransposed, belowTransposed } = arrays;
      const columns = paddedColumns(count);
      transpose(delta, deltaTransposed, count, width, columns);
      const weights = { values: view(parameters, kernel), rows: inputs, columns: width };
      arithmetic.multiply(weights, { values: deltaTransposed, rows: width, columns }, belowTransposed);
      transposeBack(belowTransposed, arrays[`delta${index - 1}`]!, count, inputs, columns);
    }
  }

  const last = layers.length - 1;
  const lastWidth = layers[last]!.width;

  return {
    parameters,
    gradient,
    firstMoment,
    secondMoment,
    running,
    images,
    labels,

    initialize(random) {
      parameters.fill(0);
      running.fill(0);
      for (const { inputs, outputs, width, isLast, kernel, gain, runningVariance } of layers) {
        const deviation = Math.sqrt((isLast ? 1 : 2) / inputs);
        const weights = view(parameters, kernel);
        for (let row = 0; row < inputs; row++) {
          for (let unit = 0; unit < outputs; unit++) weights[row * width + unit] = deviation * random.normal();
        }
        if (gain) view(parameters, gain).fill(1, 0, outputs);
        if (runningVariance) view(running, runningVariance).fill(1);
      }
    },

    lossAndGradient(count) {
      forward(count, true);
      const logits = arrays[`output${last}`]!;
      const delta = arrays[`delta${last}`]!;
      let loss = 0;
      for (let row = 0; row < count; row++) {
        const start = row * lastWidth;
        const logNormalizer = logSumExp(logits, start, classes);
        loss += logNormalizer - logits[start + labels[row]!]!;
        for (let k = 0; k < classes; k++) {
          const probability = Math.exp(logits[start + k]! - logNormalizer);
          delta[start + k] = (probability - (k === labels[row] ? 1 : 0)) / count;
        }
      }
      backward(count);
      return loss / count;
    },

    update: (adam, update) => arithmetic.updateAdam({ parameters, gradient, firstMoment, secondMoment }, adam, update),

    score(count) {
      forward(count, false);
      const logits = arrays[`output${last}`]!;
      let negativeLogLikelihood = 0;
      let errors = 0;
      for (let row = 0; row < count; row++) {
        const start = row * lastWidth;
        const own = logits[start + labels[row]!]!;
        negativeLogLikelihood += logSumExp(logits, start, classes) - own;
        for (let k = 0; k < classes; k++) {
          // A tie, or a NaN, is an error.
          if (k === labels[row] || logits[start + k]! < own) continue;
          errors++;
          break;
        }
      }
      return { negativeLogLikelihood, errors };
    },

    tensors: () => ({ ...unpackTensors(layout, parameters), ...unpackTensors(runningLayout, running) }),
    load(tensors) {
      packTensors(layout, parameters, tensors);
      packTensors(runningLayout, running, tensors);
    },
  };
}

/** Products are fastest with a multiple of 8 columns; those beyond the rows are never read. */
function paddedColumns(rows: number): number {
  return 8 * Math.ceil(rows / 8);
}

function logSumExp(values: FloatArray, start: number, count: number): number {
  let largest = values[start]!;
  for (let k = start + 1; k < start + count; k++) largest = Math.max(largest, values[k]!);
  let sum = 0;
  for (let k = start; k < start + count; k++) sum += Math.exp(values[k]! - largest);
  return largest + Math.log(sum);
}
