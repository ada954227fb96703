/** The LSTM of a learned optimizer on our SIMD kernel: all tensors of a model are one vector of coordinates. */
import * as tf from '@tensorflow/tfjs-core';
import { createCoordinatewiseLstmForward, type TensorPlace } from '../../kernels/coordinatewise-lstm-forward.ts';
import { zeroNonFinite } from '../non-finite.ts';
import type { LstmEngine } from './lstm-engine.ts';
import type { OptimizerFile } from './optimizer-file.ts';

/** Throws KernelBackendError where this machine has no SIMD. */
export function createKernelEngine({ network, parameters }: OptimizerFile): LstmEngine {
  const { preprocessing, hiddenUnits, outputScale } = network;
  const kernel = createCoordinatewiseLstmForward({ preprocessing, hidden: hiddenUnits, outputScale, parameters });
  const inputRows = preprocessing.kind === 'prepared' ? ([0, 1] as const) : ([0] as const);
  const places: TensorPlace[] = [];
  let nonFinite = 0;

  return {
    kind: 'kernel',
    stateFloats: 4 * hiddenUnits,

    addSlots(coordinates) {
      places.push(...kernel.allocate(coordinates));
    },

    step(slots, gradients) {
      const active = slots.map((slot) => places[slot]!);
      for (const [index, place] of active.entries()) {
        const values = gradients[index]!.dataSync();
        for (const input of inputRows) {
          const view = kernel.gradients(place, input);
          view.set(values.subarray(input * place.coordinates, (input + 1) * place.coordinates));
          nonFinite += zeroNonFinite(view);
        }
      }
      kernel.step(active);
      // A copy: a backend may keep the array that it is given, and the kernel writes its own again.
      return active.map((place) => tf.tensor1d(kernel.updates(place).slice()));
    },

    countNonFinite: () => nonFinite,
    readState: (slot) => kernel.readState(places[slot]!),
    writeState: (slot, state) => kernel.writeState(places[slot]!, state),
    // The memory goes with the last reference to it.
    dispose: () => {},
  };
}
