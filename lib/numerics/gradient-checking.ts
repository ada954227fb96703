/** Compares a gradient with central finite differences in float64. */
export interface GradientCheck {
  /** max |∂̂ᵢ − ∂ᵢ| / max(1, max |∂|): an absolute error where the gradient is small, a relative one where it is large. */
  readonly error: number;
  /** The component where the error is largest. */
  readonly worst: number;
  /** ∂̂, the finite differences. */
  readonly estimate: Float64Array;
}

/**
 * ∂̂ᵢ = (f(x + εeᵢ) − f(x − εeᵢ)) / 2ε, with `f` computed in float64. The truncation error is of order ε², the rounding
 * error of order 1e-16/ε; the default ε = 1e-5 makes both about 1e-10 for functions of order one.
 *
 * @param gradient the gradient in question, as long as `at`
 */
export function checkGradient(
  f: (x: Float64Array) => number,
  at: ArrayLike<number>,
  gradient: ArrayLike<number>,
  epsilon = 1e-5,
): GradientCheck {
  if (gradient.length !== at.length) {
    throw new RangeError(`A gradient has as many components as its argument, ${at.length}, got ${gradient.length}.`);
  }
  const x = Float64Array.from(at);
  const estimate = x.map((value, index) => {
    x[index] = value + epsilon;
    const above = f(x);
    x[index] = value - epsilon;
    const below = f(x);
    x[index] = value;
    return (above - below) / (2 * epsilon);
  });
  const scale = Math.max(1, ...estimate.map(Math.abs));
  let error = 0;
  let worst = 0;
  for (let index = 0; index < x.length; index++) {
    const difference = Math.abs(estimate[index]! - gradient[index]!) / scale;
    // A NaN is the worst error there is.
    if (difference > error || Number.isNaN(difference)) {
      error = difference;
      worst = index;
      if (Number.isNaN(difference)) break;
    }
  }
  return { error, worst, estimate };
}
