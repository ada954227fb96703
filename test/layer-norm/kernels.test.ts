import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '../../lib/numerics/register-gradients.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import type { Compute } from '../../lib/kernels/compute.ts';
import { layerNormalization, rootMeanSquareNormalization } from '../../lib/layer-norm/normalization.ts';
import { gru, gruStep, initializeGru } from '../../lib/layer-norm/recurrent/gru.ts';
import { initializeLstm, lstm, lstmStep } from '../../lib/layer-norm/recurrent/lstm.ts';
import { initializeRnn, rnn, rnnStep } from '../../lib/layer-norm/recurrent/rnn.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { asTensors } from '../../lib/training/trainer.ts';

const [time, batch, inputSize, units] = [4, 3, 5, 6];
const layers = {
  lstm: { layer: lstm, step: lstmStep, initialize: initializeLstm },
  gru: { layer: gru, step: gruStep, initialize: initializeGru },
  rnn: { layer: rnn, step: rnnStep, initialize: initializeRnn },
} as const;
type Name = keyof typeof layers;

function draw(name: string, shape: number[]): tf.Tensor {
  const data = new Float32Array(tf.util.sizeFromShape(shape));
  randomStream(1, name).fillNormal(data, 1);
  return tf.tensor(data, shape);
}

/** Inputs, a state to start from and parameters, none of them at a special value. */
function drawLayer(name: Name, normalization: 'none' | 'layer') {
  const state = {
    hidden: draw('hidden', [batch, units]),
    ...(name === 'lstm' ? { cell: draw('cell', [batch, units]) } : {}),
  };
  const initial = layers[name].initialize(randomStream(2), { inputs: inputSize, units, normalization });
  const parameters = Object.fromEntries(
    Object.entries(asTensors(initial)).map(([key, value]) => [key, tf.add(value, tf.mul(draw(key, value.shape), 0.3))]),
  );
  return { inputs: draw('inputs', [time, batch, inputSize]), ...state, ...parameters } as Record<string, tf.Tensor>;
}

/** All outputs and states of a layer over a sequence and of one more step, summed with weights, and its gradients. */
function gradientsOf(name: Name, normalization: 'none' | 'layer', compute: Compute, masked: boolean) {
  return tf.tidy(() => {
    const tensors = drawLayer(name, normalization);
    const mask = tf.tensor2d([1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 1], [time, batch]);
    const { layer, step } = layers[name];
    const loss = (...values: tf.Tensor[]) => {
      const given = Object.fromEntries(Object.keys(tensors).map((key, index) => [key, values[index]!]));
      const { inputs, hidden, cell, ...parameters } = given;
      const initialState = { hidden, ...(cell ? { cell } : {}) };
      const options = { normalization, compute, ...(masked ? { mask } : {}) };
      const sequence = (layer as typeof lstm)(
        inputs as tf.Tensor3D,
        parameters as never,
        { ...options, initialState } as never,
      );
      const last = tf.reshape(tf.slice(inputs!, [1, 0, 0], [1, -1, -1]), [batch, inputSize]);
      const after = (step as typeof lstmStep)(last as tf.Tensor2D, sequence.state, parameters as never, options);
      const all = [sequence.outputs, ...Object.values(sequence.state), ...Object.values(after)] as tf.Tensor[];
      return tf.addN(
        all.map((tensor, index) => tf.sum(tf.mul(tensor, draw(`weights ${index}`, tensor.shape)))),
      ) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss)(Object.values(tensors));
    return [value, ...grads].map(
      (tensor, index) => [Object.keys(tensors)[index - 1] ?? 'value', tensor.dataSync()] as const,
    );
  });
}

const cases = (Object.keys(layers) as Name[]).flatMap((name) =>
  (['layer', 'none'] as const).flatMap((normalization) =>
    [true, false].map((masked) => [name, normalization, masked] as const),
  ),
);

describe.each(['wasm', 'cpu'] as const)('on the backend %s', (backend) => {
  beforeEach(async () => {
    await startTensorFlow('wasm-plain');
    await tf.setBackend(backend);
  });

  test.each(cases)(
    '%s, normalization %s, masked %s: the kernel agrees with the operations',
    (name, normalization, masked) => {
      const tensors = tf.memory().numTensors;
      const fused = gradientsOf(name, normalization, 'kernel', masked);
      expect(tf.memory().numTensors).toBe(tensors);
      const composed = gradientsOf(name, normalization, 'tensors', masked);
      for (const [index, [what, expected]] of composed.entries()) {
        const scale = Math.max(1, ...expected.map(Math.abs));
        const error = Math.max(...expected.map((value, place) => Math.abs(value - fused[index]![1][place]!))) / scale;
        expect.soft(error, what).toBeLessThan(1e-5);
      }
    },
  );

  test('layer and root mean square normalization agree likewise, of any rank, with and without gain and bias', () => {
    const x = draw('x', [2, 3, 5]);
    const [gain, bias] = [draw('gain', [5]), draw('bias', [5])];
    const weights = draw('weights', [2, 3, 5]);
    const operations = {
      layer: (compute: Compute) => (t: tf.Tensor) => layerNormalization(t, gain, bias, 1e-5, compute),
      bare: (compute: Compute) => (t: tf.Tensor) => layerNormalization(t, undefined, undefined, 1e-5, compute),
      rms: (compute: Compute) => (t: tf.Tensor) => rootMeanSquareNormalization(t, gain, 1e-5, compute),
    };
    for (const operation of Object.values(operations)) {
      const [fused, composed] = (['kernel', 'tensors'] as const).map((compute) =>
        tf.valueAndGrad(operation(compute))(x, weights),
      );
      expect(tf.max(tf.abs(tf.sub(fused!.value, composed!.value))).dataSync()[0]).toBeLessThan(2e-6);
      expect(tf.max(tf.abs(tf.sub(fused!.grad, composed!.grad))).dataSync()[0]).toBeLessThan(5e-6);
    }
  });
});

test('nothing is left behind where nobody goes back, or only a part is asked for', async () => {
  await startTensorFlow('wasm-plain');
  const run = () =>
    tf.tidy(() => {
      const { inputs, hidden, cell, ...parameters } = drawLayer('lstm', 'layer');
      const initialState = { hidden, cell } as never;
      const forward = (x: tf.Tensor) =>
        lstm(x as tf.Tensor3D, parameters as never, { normalization: 'layer', initialState }).outputs;
      forward(inputs!);
      // The second call is not on the way to what is differentiated.
      tf.grad((x) => tf.sum(tf.add(forward(x), forward(tf.mul(inputs!, 2)))) as tf.Scalar)(inputs!);
    });
  run();
  const { numTensors, numDataBuffers } = tf.memory();
  run();
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
});

test('a gradient of a gradient is that of the operations; of the kernels it is refused', async () => {
  await startTensorFlow('wasm-plain');
  const x = draw('x', [2, 5]);
  const normalize = (compute: Compute) => (t: tf.Tensor) =>
    tf.sum(tf.square(layerNormalization(t, undefined, undefined, 0.5, compute)));
  const penalty = (compute: Compute) => (t: tf.Tensor) => tf.sum(tf.square(tf.grad(normalize(compute))(t)));
  const [auto, tensors] = (['auto', 'tensors'] as const).map((compute) => tf.grad(penalty(compute))(x).dataSync());
  expect(Math.max(...tensors!.map(Math.abs))).toBeGreaterThan(1e-3);
  expect(auto).toEqual(tensors);
  expect(() => tf.grad(penalty('kernel'))(x)).toThrow(
    "The kernel's layer normalization is differentiable once, and a gradient of its gradient was asked for. Use compute: 'tensors'.",
  );
  const { inputs, hidden, cell, ...parameters } = drawLayer('lstm', 'layer');
  const recurrent = (compute: Compute) => (t: tf.Tensor) => {
    const options = { normalization: 'layer', compute, initialState: { hidden, cell } } as never;
    return tf.sum(tf.square(lstm(t as tf.Tensor3D, parameters as never, options).outputs));
  };
  const recurrentPenalty = (compute: Compute) => (t: tf.Tensor) => tf.sum(tf.grad(recurrent(compute))(t));
  expect(() => tf.grad(recurrentPenalty('kernel'))(inputs!)).toThrow(
    "The kernel's recurrent layer is differentiable once",
  );
  expect(tf.grad(recurrentPenalty('auto'))(inputs!).dataSync()).toEqual(
    tf.grad(recurrentPenalty('tensors'))(inputs!).dataSync(),
  );
});
