/**
 * A learned optimizer that cannot tell the scale of gradients (`../normalised-network.ts` has its equations), in TensorFlow.js
 * operations around an engine that steps its LSTM: moments of each variable's gradient before, the update's rule after. The
 * time t of the moments is each variable's own, so that one which joins late is corrected for its own beginning.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NormalisationSettings } from '../normalised-network.ts';
import type { LstmEngine } from './lstm-engine.ts';

/** m, v [coordinates], and steps so far. A type, because only those may leave a tidy. */
type Moments = {
  readonly mean: tf.Tensor1D;
  readonly meanSquare: tf.Tensor1D;
  readonly steps: number;
};

const epsilon = 1e-8;
/** e^−10: a coordinate's v̂ below so small a share of the mean counts as nothing. */
const smallestRatio = Math.exp(-10);

/** @param lstm takes prepared inputs, [2, coordinates] a slot, and belongs to the result from here on */
export function normaliseEngine(lstm: LstmEngine, settings: NormalisationSettings): LstmEngine {
  const { meanDecay, meanSquareDecay, secondInput, update } = settings;
  const moments: Moments[] = [];
  let nonFinite: tf.Scalar = tf.keep(tf.scalar(0));
  const inner = lstm.stateFloats;

  const replaceMoments = (slot: number, next: Moments) => {
    tf.dispose([moments[slot]!.mean, moments[slot]!.meanSquare]);
    tf.keep(next.mean);
    tf.keep(next.meanSquare);
    moments[slot] = next;
  };

  /** m and v with a gradient taken in. */
  const advance = ({ mean, meanSquare, steps }: Moments, gradient: tf.Tensor1D): Moments => ({
    mean: tf.add(tf.mul(mean, meanDecay), tf.mul(gradient, 1 - meanDecay)),
    meanSquare: tf.add(tf.mul(meanSquare, meanSquareDecay), tf.mul(tf.square(gradient), 1 - meanSquareDecay)),
    steps: steps + 1,
  });

  /** ln(√v̂ / √typical) / 5 within [−1, 1]. */
  const relativeMagnitude = (corrected: tf.Tensor1D, typical: tf.Scalar): tf.Tensor1D => {
    const ratio = tf.div<tf.Tensor1D>(corrected, typical);
    const magnitude = tf.minimum(tf.div(tf.log(ratio), 10), 1);
    return tf.where(tf.greater(ratio, smallestRatio), magnitude, tf.fill(ratio.shape, -1)) as tf.Tensor1D;
  };

  /** y → g. */
  const applyRule = (output: tf.Tensor1D, direction: tf.Tensor1D, steps: number): tf.Tensor1D => {
    if (update.kind === 'bounded') return tf.mul(tf.tanh(output), update.bound);
    const rate = update.rate * Math.sqrt(update.decaySteps / (update.decaySteps + steps - 1));
    return tf.mul(tf.mul(tf.exp(output), direction), -rate);
  };

  return {
    kind: lstm.kind,
    stateFloats: inner + 3,

    addSlots(coordinates) {
      lstm.addSlots(coordinates);
      for (const count of coordinates) {
        const zeros = () => tf.keep(tf.zeros([count]) as tf.Tensor1D);
        moments.push({ mean: zeros(), meanSquare: zeros(), steps: 0 });
      }
    },

    step(slots, gradients) {
      const prepared = tf.tidy(() => {
        const finite = gradients.map((gradient) => tf.isFinite(gradient));
        const bad = finite.map((mask) => tf.sum(tf.cast(tf.logicalNot(mask), 'float32')));
        const known = gradients.map((gradient, index) =>
          tf.reshape(tf.where(finite[index]!, gradient, tf.zerosLike(gradient)), [-1]),
        ) as tf.Tensor1D[];
        const next = slots.map((slot, index) => advance(moments[slot]!, known[index]!));
        const corrected = next.map(({ meanSquare, steps }) =>
          tf.div<tf.Tensor1D>(meanSquare, 1 - meanSquareDecay ** steps),
        ); // v̂
        const coordinates = corrected.reduce((sum, { size }) => sum + size, 0);
        const typical = tf.div<tf.Scalar>(tf.addN(corrected.map((values) => tf.sum(values))), coordinates);
        const inputs = next.map(({ mean, steps }, index) => {
          const root = tf.add(tf.sqrt(corrected[index]!), epsilon);
          const direction = tf.div(tf.div(mean, 1 - meanDecay ** steps), root); // m̂ / (√v̂ + ε)
          const second =
            secondInput === 'gradient' ? tf.div(known[index]!, root) : relativeMagnitude(corrected[index]!, typical);
          return tf.stack([direction, second]);
        });
        return { inputs, next, nonFinite: tf.addN([nonFinite, ...bad]) as tf.Scalar };
      });
      for (const [index, slot] of slots.entries()) replaceMoments(slot, prepared.next[index]!);
      nonFinite.dispose();
      nonFinite = tf.keep(prepared.nonFinite);
      const outputs = lstm.step(slots, prepared.inputs);
      const updates = tf.tidy(() =>
        outputs.map((output, index) => {
          const direction = tf.reshape(tf.slice(prepared.inputs[index]!, [0, 0], [1, -1]), [-1]) as tf.Tensor1D;
          return applyRule(output, direction, moments[slots[index]!]!.steps);
        }),
      );
      tf.dispose([outputs, prepared.inputs]);
      return updates;
    },

    countNonFinite: () => nonFinite.dataSync()[0]!,

    readState(slot) {
      const { mean, meanSquare, steps } = moments[slot]!;
      const [m, v, state] = [mean.dataSync(), meanSquare.dataSync(), lstm.readState(slot)];
      const all = new Float32Array(m.length * (inner + 3));
      for (let coordinate = 0; coordinate < m.length; coordinate++) {
        const start = coordinate * (inner + 3);
        all.set(state.subarray(coordinate * inner, (coordinate + 1) * inner), start);
        all.set([m[coordinate]!, v[coordinate]!, steps], start + inner);
      }
      return all;
    },

    writeState(slot, all) {
      const coordinates = moments[slot]!.mean.size;
      const state = new Float32Array(coordinates * inner);
      const [m, v] = [new Float32Array(coordinates), new Float32Array(coordinates)];
      for (let coordinate = 0; coordinate < coordinates; coordinate++) {
        const start = coordinate * (inner + 3);
        state.set(all.subarray(start, start + inner), coordinate * inner);
        m[coordinate] = all[start + inner]!;
        v[coordinate] = all[start + inner + 1]!;
      }
      lstm.writeState(slot, state);
      replaceMoments(slot, { mean: tf.tensor1d(m), meanSquare: tf.tensor1d(v), steps: all[inner + 2] ?? 0 });
    },

    dispose() {
      lstm.dispose();
      tf.dispose([nonFinite, ...moments.flatMap(({ mean, meanSquare }) => [mean, meanSquare])]);
      moments.length = 0;
    },
  };
}
