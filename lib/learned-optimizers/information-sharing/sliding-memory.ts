/**
 * The memory of NTM-L-BFGS (appendix D): "The simplest way to do this is to store a sliding history of the left and right
 * write vectors, allowing us to form the matrix vector multiplication required by the read operation efficiently."
 *
 *   M_t = I + Σ a_s b_sᵀ over the write heads and the last m steps s < t;  i = r + Σ a_s (b_sᵀ r)
 *
 * Nothing of n × n values is ever formed. Reverse: ∂L/∂r = ∂L/∂i + Σ b_s (a_sᵀ ∂L/∂i), ∂L/∂a_s = ∂L/∂i (b_sᵀ r),
 * ∂L/∂b_s = r (a_sᵀ ∂L/∂i), summed over the reads that s was still remembered at.
 */
import type { MemoryOptions, SharedMemory } from './external-memory.ts';

/** @param historySteps m, the steps whose write vectors are remembered */
export function createSlidingMemory(options: MemoryOptions, historySteps: number): SharedMemory {
  const { groups, readHeads, writeHeads, unrollSteps, FloatArrayType } = options;
  const { coordinates, sizes, starts } = groups;
  const writeValues = writeHeads * coordinates;
  // The m writes before the window, then the window's own: those of step t lie at m + t. Zeros are no writes.
  const history = () => Array.from({ length: historySteps + unrollSteps }, () => new FloatArrayType(writeValues));
  const left = history();
  const right = history();
  const leftGradients = history();
  const rightGradients = history();
  const readVectorsAt = Array.from({ length: unrollSteps }, () => new FloatArrayType(readHeads * coordinates));
  let written = 0;

  return {
    reset() {
      for (const vectors of [...left, ...right]) vectors.fill(0);
      written = 0;
    },

    beginWindow() {
      for (const vectors of [left, right]) {
        // What was written first leaves first; its array takes a later step's.
        vectors.push(...vectors.splice(0, written));
      }
      written = 0;
    },

    read(step, readVectors, readResults) {
      readVectorsAt[step]!.set(readVectors);
      readResults.set(readVectors);
      forEachTerm(step, (slot, write, vector, size) => {
        const a = left[slot]!;
        const b = right[slot]!;
        let product = 0;
        for (let k = 0; k < size; k++) product += b[write + k]! * readVectors[vector + k]!;
        for (let k = 0; k < size; k++) readResults[vector + k]! += a[write + k]! * product;
      });
    },

    write(step, leftVectors, rightVectors) {
      left[historySteps + step]!.set(leftVectors);
      right[historySteps + step]!.set(rightVectors);
      written = step + 1;
    },

    beginReverse() {
      for (const gradients of [...leftGradients, ...rightGradients]) gradients.fill(0);
    },

    reverseWrite(step, leftGradient, rightGradient) {
      leftGradient.set(leftGradients[historySteps + step]!);
      rightGradient.set(rightGradients[historySteps + step]!);
    },

    reverseRead(step, resultGradient, readVectorGradient) {
      const readVectors = readVectorsAt[step]!;
      readVectorGradient.set(resultGradient);
      forEachTerm(step, (slot, write, vector, size) => {
        const a = left[slot]!;
        const b = right[slot]!;
        const aGradient = leftGradients[slot]!;
        const bGradient = rightGradients[slot]!;
        let product = 0;
        let gradientProduct = 0;
        for (let k = 0; k < size; k++) {
          product += b[write + k]! * readVectors[vector + k]!;
          gradientProduct += a[write + k]! * resultGradient[vector + k]!;
        }
        for (let k = 0; k < size; k++) {
          readVectorGradient[vector + k]! += b[write + k]! * gradientProduct;
          aGradient[write + k]! += resultGradient[vector + k]! * product;
          bGradient[write + k]! += readVectors[vector + k]! * gradientProduct;
        }
      });
    },

    readMatrix(groupIndex) {
      const size = sizes[groupIndex]!;
      const matrix = Float64Array.from({ length: size * size }, (_, place) => (place % (size + 1) === 0 ? 1 : 0));
      for (let slot = written; slot < historySteps + written; slot++) {
        for (let head = 0; head < writeHeads; head++) {
          const vector = head * coordinates + starts[groupIndex]!;
          for (let place = 0; place < matrix.length; place++) {
            const row = Math.floor(place / size);
            matrix[place]! += left[slot]![vector + row]! * right[slot]![vector + (place % size)]!;
          }
        }
      }
      return matrix;
    },
  };

  /** Every product a bᵀ that the read of a step sees, for each read head and function: where its vectors begin. */
  function forEachTerm(step: number, visit: (slot: number, write: number, vector: number, size: number) => void): void {
    for (let slot = step; slot < historySteps + step; slot++) {
      for (let writeHead = 0; writeHead < writeHeads; writeHead++) {
        for (let readHead = 0; readHead < readHeads; readHead++) {
          for (let index = 0; index < sizes.length; index++) {
            const start = starts[index]!;
            visit(slot, writeHead * coordinates + start, readHead * coordinates + start, sizes[index]!);
          }
        }
      }
    }
  }
}
