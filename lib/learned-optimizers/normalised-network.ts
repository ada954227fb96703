/**
 * A learned optimizer that cannot tell the scale of its optimizee's gradients, around the coordinatewise LSTM m of Eq. 3.
 * With moments of the gradient as Adam and RMSprop keep them, ε = 1e-8,
 *
 *   m_t = β₁ m_{t−1} + (1 − β₁) ∇_t      m̂_t = m_t / (1 − β₁ᵗ)
 *   v_t = β₂ v_{t−1} + (1 − β₂) ∇_t²     v̂_t = v_t / (1 − β₂ᵗ)
 *
 * the LSTM's first input is m̂_t / (√v̂_t + ε). The second is one of
 *
 *   gradient:            ∇_t / (√v̂_t + ε)                     RNNprop's (Lv, Jiang, Li 2017, arXiv 1703.03633), β₁ = β₂ = 0.95
 *   relative magnitude:  ln(√v̂_t / √(mean of v̂_t over all coordinates)) / 5, within [−1, 1]
 *
 * RNNprop's two say nothing of which coordinates have large gradients, which the paper's optimizer sees and makes use of;
 * the relative magnitude says it, still without the scale of the whole. The LSTM's output y_t decides the update:
 *
 *   bounded:    g_t = bound · tanh(y_t)                                    RNNprop's, bound = 0.1
 *   step size:  g_t = −rate_t · e^{y_t} · m̂_t / (√v̂_t + ε),                a learned factor on Adam's update
 *               rate_t = rate · √(τ / (τ + t − 1)), τ = `decaySteps`
 *
 * The second has Adam for its prior: y = 0 is Adam with a rate that falls as in Adam's own analysis (Kingma & Ba 2015, §4),
 * whatever the optimizee. That such a nominal term keeps a learned optimizer stable beyond its training is found by
 * Harrison, Metz, Sohl-Dickstein 2022 (arXiv 2209.11208).
 */
import type { CoordinatewiseLstm } from '../kernels/coordinatewise-lstm.ts';
import { KernelShapeError } from '../kernels/errors.ts';

export interface NormalisationSettings {
  /** β₁ */
  readonly meanDecay: number;
  /** β₂ */
  readonly meanSquareDecay: number;
  readonly secondInput: 'gradient' | 'relative-magnitude';
  readonly update: UpdateRule;
}

export type UpdateRule =
  | { readonly kind: 'bounded'; readonly bound: number }
  | { readonly kind: 'step-size'; readonly rate: number; readonly decaySteps: number };

const epsilon = 1e-8;

/**
 * An optimizer network around `lstm`, which must take prepared inputs and belongs to it from here on. Its state is
 * [the LSTM's][m: coordinates][v: coordinates][t].
 */
export function normaliseNetwork(lstm: CoordinatewiseLstm, settings: NormalisationSettings): CoordinatewiseLstm {
  const { meanDecay, meanSquareDecay, secondInput, update } = settings;
  const { coordinates, unrollSteps, layout } = lstm;
  const mean = new Float32Array(coordinates);
  const meanSquare = new Float32Array(coordinates);
  /** [first input, second input][coordinates] */
  const prepared = new Float32Array(2 * coordinates);
  const magnitudes = prepared.subarray(coordinates);
  /** y */
  const outputs = new Float32Array(coordinates);
  /** ∂g/∂y of the window's steps; made when a first window begins, because a mere run needs none. */
  let slopes = new Float32Array(0);
  let step = 0;
  /** Steps since beginUnroll; −1: no window. */
  let windowStep = -1;

  const prepare = (gradients: Float32Array) => {
    step += 1;
    const correction = 1 / (1 - meanDecay ** step);
    const squareCorrection = 1 / (1 - meanSquareDecay ** step);
    let squares = 0;
    for (let i = 0; i < coordinates; i++) {
      const gradient = gradients[i]!;
      const m = meanDecay * mean[i]! + (1 - meanDecay) * gradient;
      const v = meanSquareDecay * meanSquare[i]! + (1 - meanSquareDecay) * gradient * gradient;
      mean[i] = m;
      meanSquare[i] = v;
      squares += v;
      const factor = 1 / (Math.sqrt(v * squareCorrection) + epsilon);
      prepared[i] = m * correction * factor;
      prepared[coordinates + i] = gradient * factor;
    }
    if (secondInput === 'relative-magnitude') fillRelativeMagnitudes(meanSquare, squares / coordinates, magnitudes);
  };

  return {
    coordinates,
    unrollSteps,
    layout,
    setParameters: (parameters) => lstm.setParameters(parameters),

    resetState() {
      lstm.resetState();
      mean.fill(0);
      meanSquare.fill(0);
      step = 0;
      windowStep = -1;
    },

    readState() {
      const inner = lstm.readState();
      const state = new Float32Array(inner.length + 2 * coordinates + 1);
      state.set(inner);
      state.set(mean, inner.length);
      state.set(meanSquare, inner.length + coordinates);
      state[state.length - 1] = step;
      return state;
    },

    writeState(state) {
      const inner = state.length - 2 * coordinates - 1;
      if (inner < 0) {
        throw new KernelShapeError(
          `state must have [the LSTM's state][m: ${coordinates}][v: ${coordinates}][t], got ${state.length} elements.`,
        );
      }
      lstm.writeState(state.subarray(0, inner));
      mean.set(state.subarray(inner, inner + coordinates));
      meanSquare.set(state.subarray(inner + coordinates, inner + 2 * coordinates));
      step = state[state.length - 1]!;
      windowStep = -1;
    },

    beginUnroll() {
      if (slopes.length === 0) slopes = new Float32Array(unrollSteps * coordinates);
      lstm.beginUnroll();
      windowStep = 0;
    },

    step(gradients, updates) {
      if (gradients.length !== coordinates) {
        throw new KernelShapeError(
          `gradients must have ${coordinates} elements, one a coordinate, got ${gradients.length}.`,
        );
      }
      prepare(gradients);
      lstm.step(prepared, outputs);
      applyRule(update, step, outputs, prepared, updates);
      if (windowStep >= 0) {
        // Past the window's end nothing is kept; the LSTM's backward says so.
        if (windowStep < unrollSteps) {
          differentiateRule(update, updates, slopes.subarray(windowStep * coordinates, (windowStep + 1) * coordinates));
        }
        windowStep += 1;
      }
    },

    backward(updateGradients, selected) {
      const count = selected?.length ?? coordinates;
      const outputGradients = new Float32Array(updateGradients.length);
      for (let place = 0; place < outputGradients.length; place++) {
        const row = Math.floor(place / count);
        const column = place % count;
        const coordinate = selected ? selected[column]! : column;
        outputGradients[place] = updateGradients[place]! * slopes[row * coordinates + coordinate]!;
      }
      return lstm.backward(outputGradients, selected);
    },

    dispose: () => lstm.dispose(),
  };
}

/** ln √(v/typical) / 5 within [−1, 1]; −1 where v is zero, or neither number says anything. */
function fillRelativeMagnitudes(meanSquare: Float32Array, typical: number, magnitudes: Float32Array): void {
  for (let i = 0; i < meanSquare.length; i++) {
    const ratio = meanSquare[i]! / typical;
    magnitudes[i] = ratio > smallestRatio ? Math.min(1, Math.log(ratio) / 10) : -1;
  }
}

/** e^−10 */
const smallestRatio = Math.exp(-10);

/** y → g. */
function applyRule(
  rule: UpdateRule,
  step: number,
  outputs: Float32Array,
  directions: Float32Array,
  updates: Float32Array,
): void {
  if (rule.kind === 'bounded') {
    for (let i = 0; i < outputs.length; i++) updates[i] = rule.bound * Math.tanh(outputs[i]!);
  } else {
    const rate = rule.rate * Math.sqrt(rule.decaySteps / (rule.decaySteps + step - 1));
    for (let i = 0; i < outputs.length; i++) updates[i] = -rate * Math.exp(outputs[i]!) * directions[i]!;
  }
}

/** ∂g/∂y, which both rules have as a function of g alone: bound · (1 − (g/bound)²), and g. */
function differentiateRule(rule: UpdateRule, updates: Float32Array, slopes: Float32Array): void {
  if (rule.kind === 'bounded') {
    for (let i = 0; i < slopes.length; i++) slopes[i] = rule.bound * (1 - (updates[i]! / rule.bound) ** 2);
  } else {
    slopes.set(updates);
  }
}
