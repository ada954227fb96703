/**
 * The LSTM of a learned optimizer in TensorFlow.js operations: forward only, and nothing is read back, so that a GPU is never
 * waited for. The equations are those of `lib/kernels/coordinatewise-lstm-reference.ts`, which takes and gives arrays and has
 * the backward pass; a test holds one to the other.
 */
import * as tf from '@tensorflow/tfjs-core';
import { inputsOf, type Preprocessing } from '../../kernels/coordinatewise-lstm.ts';
import { type ParameterName, parameterLayout } from '../../kernels/coordinatewise-lstm-parameters.ts';
import type { LstmEngine } from './lstm-engine.ts';
import type { OptimizerFile } from './optimizer-file.ts';

/** The state of the slots that step together, behind one another: h1, c1, h2, c2, [coordinates, hidden] each. */
interface JointState {
  readonly slots: readonly number[];
  readonly tensors: readonly tf.Tensor2D[];
}

export function createTensorEngine({ network, parameters }: OptimizerFile): LstmEngine {
  const { preprocessing, hiddenUnits: hidden, outputScale } = network;
  const layout = parameterLayout({ inputs: inputsOf(preprocessing), hidden });
  const phi = Object.fromEntries(
    layout.tensors.map(({ name, shape, offset, size }) => [
      name,
      tf.keep(tf.tensor<tf.Rank>(parameters.slice(offset, offset + size), shape as number[], 'float32')),
    ]),
  ) as Record<ParameterName, tf.Tensor2D>;
  let nonFinite: tf.Scalar = tf.keep(tf.scalar(0));
  /** Coordinates of each slot. */
  const sizes: number[] = [];
  /** Every slot is in one of these. */
  let joints: JointState[] = [];

  const applyLayer = (x: tf.Tensor2D, h: tf.Tensor2D, c: tf.Tensor2D, layer: 'layer-1' | 'layer-2') => {
    const z = tf.add(
      tf.add(tf.matMul(x, phi[`${layer}/kernel`]), tf.matMul(h, phi[`${layer}/recurrent-kernel`])),
      phi[`${layer}/bias`],
    );
    const [zi, zf, zg, zo] = tf.split(z, 4, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    // c′ = σ(z_f) ⊙ c + σ(z_i) ⊙ tanh(z_g);  h′ = σ(z_o) ⊙ tanh(c′)
    const nextC = tf.add<tf.Tensor2D>(tf.mul(tf.sigmoid(zf), c), tf.mul(tf.sigmoid(zi), tf.tanh(zg)));
    return { h: tf.mul<tf.Tensor2D>(tf.sigmoid(zo), tf.tanh(nextC)), c: nextC };
  };

  /** Takes slots out of the joint states that they are in. New tensors. */
  const takeStates = (slots: readonly number[]): tf.Tensor2D[][] => {
    const taken = new Map<number, tf.Tensor2D[]>();
    const rest: JointState[] = [];
    for (const joint of joints) {
      if (!joint.slots.some((slot) => slots.includes(slot))) {
        rest.push(joint);
        continue;
      }
      const parts = joint.tensors.map((tensor) =>
        tf.split(
          tensor,
          joint.slots.map((slot) => sizes[slot]!),
          0,
        ),
      );
      for (const [index, slot] of joint.slots.entries()) {
        const tensors = parts.map((part) => tf.keep(part[index] as tf.Tensor2D));
        if (slots.includes(slot)) taken.set(slot, tensors);
        else rest.push({ slots: [slot], tensors });
      }
      tf.dispose([...joint.tensors]);
    }
    joints = rest;
    return slots.map((slot) => taken.get(slot)!);
  };

  /** The joint state of exactly these slots, in this order. The usual case is that of the step before. */
  const join = (slots: readonly number[]): JointState => {
    const present = joints.find((joint) => joint.slots.join() === slots.join());
    if (present) return present;
    const states = takeStates(slots);
    const tensors = [0, 1, 2, 3].map((part) => tf.keep(tf.tidy(() => tf.concat(states.map((state) => state[part]!)))));
    tf.dispose(states);
    const joint = { slots: [...slots], tensors };
    joints.push(joint);
    return joint;
  };

  const zeroState = (coordinates: number) =>
    [0, 1, 2, 3].map(() => tf.keep(tf.zeros([coordinates, hidden]) as tf.Tensor2D));

  return {
    kind: 'tensors',
    stateFloats: 4 * hidden,

    addSlots(coordinates) {
      for (const count of coordinates) {
        joints.push({ slots: [sizes.length], tensors: zeroState(count) });
        sizes.push(count);
      }
    },

    step(slots, gradients) {
      const joint = join(slots);
      const [h1, c1, h2, c2] = joint.tensors as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const next = tf.tidy(() => {
        const rows = preprocessing.kind === 'prepared' ? 2 : 1;
        const raw = tf.concat(
          gradients.map((gradient) => tf.reshape(gradient, [rows, -1])),
          1,
        ) as tf.Tensor2D;
        const finite = tf.isFinite(raw);
        const gradient = tf.where(finite, raw, tf.zerosLike(raw)) as tf.Tensor2D;
        const first = applyLayer(preprocess(gradient, preprocessing), h1, c1, 'layer-1');
        const second = applyLayer(first.h, h2, c2, 'layer-2');
        const output = tf.add(tf.matMul(second.h, phi['output/kernel']), phi['output/bias']);
        const updates = tf.mul(tf.reshape(output, [-1]), outputScale); // Eq. 1
        const bad = tf.sum(tf.cast(tf.logicalNot(finite), 'float32'));
        return {
          updates: tf.split(
            updates,
            slots.map((slot) => sizes[slot]!),
          ) as tf.Tensor1D[],
          state: [first.h, first.c, second.h, second.c],
          nonFinite: tf.add<tf.Scalar>(nonFinite, bad),
        };
      });
      // They outlive a tidy around the step.
      for (const tensor of [...next.state, next.nonFinite]) tf.keep(tensor);
      tf.dispose([...joint.tensors, nonFinite]);
      nonFinite = next.nonFinite;
      joints[joints.indexOf(joint)] = { slots: joint.slots, tensors: next.state };
      return next.updates;
    },

    countNonFinite: () => nonFinite.dataSync()[0]!,

    readState(slot) {
      return tf.tidy(
        () =>
          tf
            .stack([...join([slot]).tensors], 1)
            .dataSync()
            .slice() as Float32Array,
      );
    },

    writeState(slot, state) {
      tf.dispose(takeStates([slot]));
      const tensors = tf.tidy(
        () => tf.unstack(tf.tensor3d(state.slice(), [sizes[slot]!, 4, hidden]), 1) as tf.Tensor2D[],
      );
      for (const tensor of tensors) tf.keep(tensor);
      joints.push({ slots: [slot], tensors });
    },

    dispose() {
      tf.dispose([...Object.values(phi), nonFinite, ...joints.flatMap(({ tensors }) => [...tensors])]);
      joints = [];
    },
  };
}

/** ∇ [1, coordinates], or two prepared inputs [2, coordinates] → [coordinates, 1 or 2]. */
function preprocess(inputs: tf.Tensor2D, preprocessing: Preprocessing): tf.Tensor2D {
  if (preprocessing.kind === 'prepared') return tf.transpose(inputs);
  const gradient = tf.reshape(inputs, [-1]) as tf.Tensor1D;
  if (preprocessing.kind === 'identity') return tf.expandDims(tf.mul(gradient, preprocessing.scale), 1);
  const { p } = preprocessing;
  const magnitude = tf.abs(gradient);
  const large = tf.greaterEqual(magnitude, Math.exp(-p));
  // |∇| ≥ e^−p → (log|∇|/p, sgn ∇); otherwise → (−1, e^p ∇)  // Appendix A
  const first = tf.where(large, tf.div(tf.log(magnitude), p), tf.fill(gradient.shape, -1));
  const second = tf.where(large, tf.sign(gradient), tf.mul(gradient, Math.exp(p)));
  return tf.stack([first, second], 1) as tf.Tensor2D;
}
