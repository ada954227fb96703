/**
 * The coordinatewise LSTM optimizer in plain TensorFlow.js, to be read beside the paper (arXiv 1606.04474, section 2.1 and
 * appendix A). It runs on whichever backend is set; its gradient is TensorFlow.js's own.
 *
 * Paper symbol → name here: ∇_t `gradient` [coordinates]; h_t `state`; φ `parameters`; m `applyOptimizer`; g_t `update`.
 */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations, which tfjs-core on its own does not do in Node.
import '@tensorflow/tfjs-layers';
import {
  type CoordinatewiseLstm,
  type CoordinatewiseLstmOptions,
  checkOptions,
  describeInputRows,
  type Preprocessing,
  requireLength,
  requireSelection,
  requireWindow,
} from './coordinatewise-lstm.ts';
import { type ParameterLayout, parameterNames } from './coordinatewise-lstm-parameters.ts';

/** One LSTM layer's weights. z = x·kernel + h·recurrentKernel + bias holds the gates i, f, g, o side by side. */
interface Layer {
  /** [inputs, 4·hidden] */
  readonly kernel: tf.Tensor2D;
  /** [hidden, 4·hidden] */
  readonly recurrentKernel: tf.Tensor2D;
  /** [4·hidden] */
  readonly bias: tf.Tensor1D;
}

/** φ */
interface Parameters {
  readonly layers: readonly [Layer, Layer];
  /** [hidden, 1] */
  readonly outputKernel: tf.Tensor2D;
  /** [1] */
  readonly outputBias: tf.Tensor1D;
}

/** [coordinates, hidden] each. */
type LayerState = {
  h: tf.Tensor2D;
  c: tf.Tensor2D;
};
type State = [LayerState, LayerState];

/** ∇ [coordinates], or prepared inputs [2 · coordinates] → the network's inputs [coordinates, 1 or 2]. */
export function preprocessGradient(gradient: tf.Tensor1D, preprocessing: Preprocessing): tf.Tensor2D {
  if (preprocessing.kind === 'prepared') return tf.transpose(tf.reshape(gradient, [2, -1]));
  if (preprocessing.kind === 'identity') return tf.expandDims(tf.mul(gradient, preprocessing.scale), 1);
  const { p } = preprocessing;
  const magnitude = tf.abs(gradient);
  const large = tf.greaterEqual(magnitude, Math.exp(-p));
  // |∇| ≥ e^−p → (log|∇|/p, sgn ∇); otherwise → (−1, e^p ∇)  // Appendix A
  const first = tf.where(large, tf.div(tf.log(magnitude), p), tf.fill(gradient.shape, -1));
  const second = tf.where(large, tf.sign(gradient), tf.mul(gradient, Math.exp(p)));
  return tf.stack([first, second], 1) as tf.Tensor2D;
}

function applyLayer(x: tf.Tensor2D, { h, c }: LayerState, layer: Layer): LayerState {
  const z = tf.add(tf.add(tf.matMul(x, layer.kernel), tf.matMul(h, layer.recurrentKernel)), layer.bias);
  const [zi, zf, zg, zo] = tf.split(z, 4, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  // c′ = σ(z_f) ⊙ c + σ(z_i) ⊙ tanh(z_g)
  const nextC = tf.add<tf.Tensor2D>(tf.mul(tf.sigmoid(zf), c), tf.mul(tf.sigmoid(zi), tf.tanh(zg)));
  // h′ = σ(z_o) ⊙ tanh(c′)
  const nextH = tf.mul<tf.Tensor2D>(tf.sigmoid(zo), tf.tanh(nextC));
  return { h: nextH, c: nextC };
}

/** [g_t, h_{t+1}] = m(∇_t, h_t, φ)  // Eq. 3 */
function applyOptimizer(
  gradient: tf.Tensor1D,
  state: State,
  { layers, outputKernel, outputBias }: Parameters,
  { preprocessing, outputScale }: Pick<CoordinatewiseLstmOptions, 'preprocessing' | 'outputScale'>,
): { readonly update: tf.Tensor1D; readonly state: State } {
  const first = applyLayer(preprocessGradient(gradient, preprocessing), state[0], layers[0]);
  const second = applyLayer(first.h, state[1], layers[1]);
  const output = tf.squeeze<tf.Tensor1D>(tf.add(tf.matMul(second.h, outputKernel), outputBias), [1]);
  return { update: tf.mul(output, outputScale), state: [first, second] };
}

/** Throws KernelShapeError for options out of range. */
export function createCoordinatewiseLstmReference(options: CoordinatewiseLstmOptions): CoordinatewiseLstm {
  const { coordinates, unrollSteps, hidden, inputRows, layout } = checkOptions(options);
  let parameters = parametersFrom(splitTensors(new Float32Array(layout.size), layout));
  let state = stateFrom(new Float32Array(coordinates * 4 * hidden), coordinates, hidden);
  let windowState = state;
  /** ∇ of the window's steps; undefined: no window. */
  let window: Float32Array[] | undefined;

  const replaceState = (next: State) => {
    if (state !== windowState) tf.dispose(flattenState(state));
    state = next;
  };
  const endWindow = () => {
    if (windowState !== state) tf.dispose(flattenState(windowState));
    windowState = state;
    window = undefined;
  };

  return {
    coordinates,
    unrollSteps,
    layout,

    setParameters(values) {
      requireLength('parameters', values, layout.size, 'the size of the layout');
      tf.dispose(flattenParameters(parameters));
      parameters = parametersFrom(splitTensors(values, layout));
    },

    resetState() {
      replaceState(stateFrom(new Float32Array(coordinates * 4 * hidden), coordinates, hidden));
      endWindow();
    },

    readState() {
      return tf.tidy(() => tf.stack(flattenState(state), 1).dataSync().slice() as Float32Array);
    },

    writeState(values) {
      requireLength('state', values, coordinates * 4 * hidden, '[coordinates][h1, c1, h2, c2][hidden]');
      replaceState(stateFrom(values, coordinates, hidden));
      endWindow();
    },

    beginUnroll() {
      endWindow();
      window = [];
    },

    step(gradients, updates) {
      requireLength('gradients', gradients, inputRows * coordinates, describeInputRows(inputRows));
      requireLength('updates', updates, coordinates, 'one a coordinate');
      window?.push(gradients.slice());
      const next = tf.tidy(() => {
        const applied = applyOptimizer(tf.tensor1d(gradients), state, parameters, options);
        updates.set(applied.update.dataSync());
        return applied.state;
      });
      replaceState(next);
    },

    backward(updateGradients, selected = Int32Array.from({ length: coordinates }, (_, coordinate) => coordinate)) {
      const steps = requireWindow(window?.length ?? -1, unrollSteps);
      requireSelection(selected, coordinates);
      const count = selected.length;
      requireLength('updateGradients', updateGradients, steps * count, `[${steps} steps][${count}]`);
      if (count === 0) return new Float32Array(layout.size);
      return tf.tidy(() => {
        // The state at the window's start and the gradients ∇_t are constants: ∂∇_t/∂φ = 0 (Figure 2, dashed edges).
        const rows = tf.tensor1d(selected, 'int32');
        const start = windowState.map(({ h, c }) => ({ h: tf.gather(h, rows), c: tf.gather(c, rows) })) as State;
        const choose = (gradients: Float32Array) =>
          Float32Array.from({ length: inputRows * count }, (_, place) => {
            const row = Math.floor(place / count);
            return gradients[row * coordinates + selected[place % count]!]!;
          });
        const weightedUpdates = (...tensors: tf.Tensor[]): tf.Scalar => {
          let now = start;
          let total = tf.scalar(0);
          for (const [t, gradients] of window!.entries()) {
            const applied = applyOptimizer(tf.tensor1d(choose(gradients)), now, parametersFrom(tensors), options);
            const weights = tf.tensor1d(updateGradients.subarray(t * count, (t + 1) * count));
            total = tf.add(total, tf.sum(tf.mul(applied.update, weights)));
            now = applied.state;
          }
          return total;
        };
        const gradients = tf.grads(weightedUpdates)(flattenParameters(parameters));
        return tf
          .concat(gradients.map((gradient) => tf.reshape(gradient, [-1])))
          .dataSync()
          .slice() as Float32Array;
      });
    },

    dispose() {
      endWindow();
      tf.dispose([...flattenState(state), ...flattenParameters(parameters)]);
    },
  };
}

/** φ's tensors in the layout's order. */
function splitTensors(values: Float32Array, layout: ParameterLayout): tf.Tensor[] {
  return layout.tensors.map(({ shape, offset, size }) =>
    tf.tensor(values.slice(offset, offset + size), [...shape], 'float32'),
  );
}

function parametersFrom(tensors: readonly tf.Tensor[]): Parameters {
  const tensor = <T extends tf.Tensor>(name: (typeof parameterNames)[number]) =>
    tensors[parameterNames.indexOf(name)] as T;
  const layer = (name: 'layer-1' | 'layer-2'): Layer => ({
    kernel: tensor(`${name}/kernel`),
    recurrentKernel: tensor(`${name}/recurrent-kernel`),
    bias: tensor(`${name}/bias`),
  });
  return {
    layers: [layer('layer-1'), layer('layer-2')],
    outputKernel: tensor('output/kernel'),
    outputBias: tensor('output/bias'),
  };
}

function flattenParameters({ layers, outputKernel, outputBias }: Parameters): tf.Tensor[] {
  return [
    ...layers.flatMap(({ kernel, recurrentKernel, bias }) => [kernel, recurrentKernel, bias]),
    outputKernel,
    outputBias,
  ];
}

/** From [coordinates][h1, c1, h2, c2][hidden]. */
function stateFrom(values: Float32Array, coordinates: number, hidden: number): State {
  return tf.tidy(() => {
    const parts = tf.unstack(tf.tensor3d(values.slice(), [coordinates, 4, hidden]), 1) as tf.Tensor2D[];
    const state: State = [
      { h: parts[0]!, c: parts[1]! },
      { h: parts[2]!, c: parts[3]! },
    ];
    return state;
  });
}

function flattenState(state: State): tf.Tensor2D[] {
  return state.flatMap(({ h, c }) => [h, c]);
}
