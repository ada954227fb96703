/** Lengths and angles of vectors in float64. */

/** ‖v‖₂ */
export function norm(values: Float64Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}

/** In radians. By the half-angle formula of Kahan, which keeps small angles that the arc cosine loses. */
export function angleBetween(one: Float64Array, other: Float64Array): number {
  const [length, otherLength] = [norm(one), norm(other)];
  const difference = norm(one.map((value, index) => value / length - other[index]! / otherLength));
  const sum = norm(one.map((value, index) => value / length + other[index]! / otherLength));
  return 2 * Math.atan2(difference, sum);
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(values: Float64Array, exact: Float64Array): number {
  return norm(values.map((value, index) => value - exact[index]!)) / norm(exact);
}
