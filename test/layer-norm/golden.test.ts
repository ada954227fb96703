import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '../../lib/numerics/register-gradients.ts';
import { describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { gruGates, lstmGates } from '../../lib/layer-norm/recurrent/gates.ts';
import { gru } from '../../lib/layer-norm/recurrent/gru.ts';
import { lstm } from '../../lib/layer-norm/recurrent/lstm.ts';
import golden from '../golden/layer-norm-recurrent.json' with { type: 'json' };

type Named<T> = Readonly<Record<string, T>>;

describe.each(golden.cases)('$cell of JAX in float64', (example) => {
  test('has the gates in our order', () => {
    expect(example.gates).toEqual(example.cell === 'lstm' ? lstmGates : gruGates);
  });

  test.each([
    ['kernel', 'wasm-relaxed'],
    ['kernel', 'wasm-plain'],
    ['tensors', 'wasm-plain'],
  ] as const)('is ours by the %s, build %s: outputs, states and all gradients to 1e-5', async (compute, build) => {
    await startTensorFlow(build);
    const shapes: Named<number[] | undefined> = example.shapes;
    const arrays: Named<number[] | undefined> = example.tensors;
    const names = Object.keys(arrays);
    const computed = tf.tidy(() => {
      let found: { outputs: tf.Tensor; states: tf.Tensor[] } | undefined;
      const loss = (...given: tf.Tensor[]) => {
        const tensors = Object.fromEntries(names.map((name, index) => [name, given[index]!]));
        const { inputs, initialHidden, initialCell, ...parameters } = tensors;
        const options = {
          ...{ compute, normalization: 'layer', epsilon: golden.epsilon, mask: tf.tensor2d(example.mask) },
          initialState: { hidden: initialHidden, ...(initialCell ? { cell: initialCell } : {}) },
        };
        const layer = (example.cell === 'lstm' ? lstm : gru) as typeof lstm;
        const { outputs, state } = layer(inputs as tf.Tensor3D, parameters as never, options as never);
        const states = [state.hidden, ...(initialCell ? [state.cell] : [])];
        found = { outputs: tf.keep(tf.clone(outputs)), states: states.map((part) => tf.keep(tf.clone(part))) };
        const weighted = (tensor: tf.Tensor, weights: number[]) =>
          tf.sum(tf.mul(tensor, tf.tensor(weights, tensor.shape)));
        return tf.addN([
          weighted(outputs, example.outputWeights),
          ...states.map((part, index) => weighted(part, example.stateWeights[index]!)),
        ]) as tf.Scalar;
      };
      const gradients = tf.grads(loss)(names.map((name) => tf.tensor(arrays[name]!, shapes[name]!)));
      const values = [found!.outputs, ...found!.states].map((tensor) => tensor.dataSync());
      tf.dispose([found!.outputs, ...found!.states]);
      return { values, gradients: gradients.map((gradient) => gradient.dataSync()) };
    });

    const error = (ours: ArrayLike<number>, theirs: readonly number[]) => {
      expect(ours.length).toBe(theirs.length);
      const scale = Math.max(1, ...theirs.map(Math.abs));
      return Math.max(...theirs.map((value, index) => Math.abs(value - ours[index]!))) / scale;
    };
    for (const [index, expected] of [example.outputs, ...example.state].entries()) {
      expect(error(computed.values[index]!, expected)).toBeLessThan(1e-5);
    }
    const gradients: Named<number[] | undefined> = example.gradients;
    for (const [index, name] of names.entries()) {
      expect.soft(error(computed.gradients[index]!, gradients[name]!), name).toBeLessThan(1e-5);
    }
  });
});
