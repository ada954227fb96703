/**
 * The memory that NTM-BFGS shares between the coordinates of a function (appendix D, Figure 14), and what any such memory
 * does.
 *
 *   read:  i = M r                                    per read head
 *   write: M_{t+1} = M_t + Σ a bᵀ                     over the write heads; M_1 = I
 *
 * BFGS starts from the identity as its inverse Hessian; the paper does not name M_1. Reverse, with ∂L/∂M_t summed from
 * the end: ∂L/∂a = ∂L/∂M_{t+1} b, ∂L/∂b = (∂L/∂M_{t+1})ᵀ a; ∂L/∂r = M_tᵀ ∂L/∂i, ∂L/∂M_t = ∂L/∂M_{t+1} + Σ ∂L/∂i rᵀ.
 */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import type { CoordinateGroups } from './coordinate-groups.ts';

export interface MemoryOptions {
  readonly groups: CoordinateGroups;
  readonly readHeads: number;
  readonly writeHeads: number;
  /** The longest window that can be reversed. */
  readonly unrollSteps: number;
  /** Of the arrays inside. */
  readonly FloatArrayType: typeof Float32Array | typeof Float64Array;
}

/**
 * One memory for each function. At each step t of a window (t = 0 at its start) first `read`, then `write`; in reverse
 * first `reverseWrite`, then `reverseRead`. All vectors are [heads, coordinates].
 */
export interface SharedMemory {
  /** M = I everywhere. */
  reset(): void;
  /** Starts a window at the present M, which counts as a constant. */
  beginWindow(): void;
  read(step: number, readVectors: FloatArray, readResults: FloatArray): void;
  write(step: number, left: FloatArray, right: FloatArray): void;
  /** Nothing after the window's last step depends on M. */
  beginReverse(): void;
  reverseWrite(step: number, leftGradient: FloatArray, rightGradient: FloatArray): void;
  reverseRead(step: number, resultGradient: FloatArray, readVectorGradient: FloatArray): void;
  /** M of one function, row-major: for tests and figures. */
  readMatrix(groupIndex: number): Float64Array;
}

/** M as a matrix of n × n values. */
export function createExternalMemory(options: MemoryOptions): SharedMemory {
  const { groups, readHeads, writeHeads, unrollSteps, FloatArrayType } = options;
  const { coordinates, sizes, starts } = groups;
  let matrixValues = 0;
  const matrixStarts = sizes.map((size) => {
    matrixValues += size * size;
    return matrixValues - size * size;
  });
  // One matrix more than steps: the last is where the next window starts.
  const matrices = Array.from({ length: unrollSteps + 1 }, () => new FloatArrayType(matrixValues));
  const steps = <T>(make: () => T) => Array.from({ length: unrollSteps }, make);
  const readVectorsAt = steps(() => new FloatArrayType(readHeads * coordinates));
  const leftAt = steps(() => new FloatArrayType(writeHeads * coordinates));
  const rightAt = steps(() => new FloatArrayType(writeHeads * coordinates));
  const matrixGradient = new FloatArrayType(matrixValues);
  /** Steps written since the window's start. */
  let written = 0;

  return {
    reset() {
      const first = matrices[0]!.fill(0);
      for (const [index, size] of sizes.entries())
        for (let k = 0; k < size; k++) first[matrixStarts[index]! + k * size + k] = 1;
      written = 0;
    },

    beginWindow() {
      if (written > 0) matrices[0]!.set(matrices[written]!);
      written = 0;
    },

    read(step, readVectors, readResults) {
      readVectorsAt[step]!.set(readVectors);
      const memory = matrices[step]!;
      for (let head = 0; head < readHeads; head++) {
        for (const [index, size] of sizes.entries()) {
          const vector = head * coordinates + starts[index]!;
          let place = matrixStarts[index]!;
          for (let row = 0; row < size; row++) {
            let sum = 0;
            for (let column = 0; column < size; column++) sum += memory[place++]! * readVectors[vector + column]!;
            readResults[vector + row] = sum;
          }
        }
      }
    },

    write(step, left, right) {
      leftAt[step]!.set(left);
      rightAt[step]!.set(right);
      const next = matrices[step + 1]!;
      next.set(matrices[step]!);
      addOuterProducts(next, left, right, writeHeads);
      written = step + 1;
    },

    beginReverse: () => void matrixGradient.fill(0),

    reverseWrite(step, leftGradient, rightGradient) {
      rightGradient.fill(0);
      const left = leftAt[step]!;
      const right = rightAt[step]!;
      for (let head = 0; head < writeHeads; head++) {
        for (const [index, size] of sizes.entries()) {
          const vector = head * coordinates + starts[index]!;
          let place = matrixStarts[index]!;
          for (let row = 0; row < size; row++) {
            const a = left[vector + row]!;
            let sum = 0;
            for (let column = 0; column < size; column++) {
              const gradient = matrixGradient[place++]!;
              sum += gradient * right[vector + column]!;
              rightGradient[vector + column]! += gradient * a;
            }
            leftGradient[vector + row] = sum;
          }
        }
      }
    },

    reverseRead(step, resultGradient, readVectorGradient) {
      readVectorGradient.fill(0);
      const memory = matrices[step]!;
      for (let head = 0; head < readHeads; head++) {
        for (const [index, size] of sizes.entries()) {
          const vector = head * coordinates + starts[index]!;
          let place = matrixStarts[index]!;
          for (let row = 0; row < size; row++) {
            const gradient = resultGradient[vector + row]!;
            for (let column = 0; column < size; column++)
              readVectorGradient[vector + column]! += memory[place++]! * gradient;
          }
        }
      }
      addOuterProducts(matrixGradient, resultGradient, readVectorsAt[step]!, readHeads);
    },

    readMatrix(groupIndex) {
      const start = matrixStarts[groupIndex]!;
      return Float64Array.from(matrices[written]!.subarray(start, start + sizes[groupIndex]! ** 2));
    },
  };

  /** target += Σ left rightᵀ over the heads, function by function. */
  function addOuterProducts(target: FloatArray, left: FloatArray, right: FloatArray, heads: number): void {
    for (let head = 0; head < heads; head++) {
      for (const [index, size] of sizes.entries()) {
        const vector = head * coordinates + starts[index]!;
        let place = matrixStarts[index]!;
        for (let row = 0; row < size; row++) {
          const a = left[vector + row]!;
          for (let column = 0; column < size; column++) target[place++]! += a * right[vector + column]!;
        }
      }
    }
  }
}
