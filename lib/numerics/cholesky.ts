/** Solves A x = b for symmetric positive definite A by its Cholesky factor, A = L Lᵀ. */

/**
 * @param matrix A, [size, size] row by row; only the lower triangle is read
 * @returns b → x, as often as wanted
 *
 * Throws RangeError where A is not positive definite.
 */
export function factorizeCholesky(matrix: Float64Array, size: number): (b: Float64Array) => Float64Array {
  const lower = new Float64Array(matrix);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = lower[row * size + column]!;
      for (let k = 0; k < column; k++) sum -= lower[row * size + k]! * lower[column * size + k]!;
      if (row !== column) lower[row * size + column] = sum / lower[column * size + column]!;
      else if (sum > 0) lower[row * size + row] = Math.sqrt(sum);
      else throw new RangeError(`factorizeCholesky: the matrix is not positive definite; pivot ${row} is ${sum}.`);
    }
  }
  return (b) => {
    const x = Float64Array.from(b);
    for (let row = 0; row < size; row++) {
      let sum = x[row]!;
      for (let k = 0; k < row; k++) sum -= lower[row * size + k]! * x[k]!; // L z = b
      x[row] = sum / lower[row * size + row]!;
    }
    for (let row = size - 1; row >= 0; row--) {
      const value = x[row]! / lower[row * size + row]!; // Lᵀ x = z
      x[row] = value;
      for (let k = 0; k < row; k++) x[k]! -= lower[row * size + k]! * value;
    }
    return x;
  };
}
