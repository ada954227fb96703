/**
 * What is done with NaN and infinite gradients: the coordinate is treated as one whose gradient was zero, and counted, as
 * in google/learned_optimization. A single one would otherwise stay in its coordinate's state for ever.
 */

/** Sets what is not finite to zero, in place. Returns how many there were. */
export function zeroNonFinite(gradient: Float32Array): number {
  let count = 0;
  for (let i = 0; i < gradient.length; i++) {
    if (!Number.isFinite(gradient[i]!)) {
      gradient[i] = 0;
      count += 1;
    }
  }
  return count;
}
