/**
 * The neighbourhood of a pixel as the random walk's functions read it, and where the affinity of a pair lies.
 *
 * Affinities are [pixel][place], places being the half of the neighbourhood that follows a pixel, by rows, then columns. The
 * neighbours of a row are always a run, so `window` needs two numbers for each of the rows 0 … radius below: how many
 * columns the run goes to either side, and the place of its middle (which no pixel has in its own row: −1).
 */

/** Columns to either side, `down` rows below. */
// @ts-ignore: decorator
@inline
export function reach(window: usize, down: i32): i32 {
  return load<i32>(window + (<usize>down << 3));
}

/** The place of the neighbour straight below. */
// @ts-ignore: decorator
@inline
export function middle(window: usize, down: i32): i32 {
  return load<i32>(window + (<usize>down << 3), 4);
}

/** Up to three floats and zeros, without reading more. */
// @ts-ignore: decorator
@inline
export function loadLanes(from: usize, lanes: i32): v128 {
  if (lanes == 1) return v128.load32_zero(from);
  const two = v128.load64_zero(from);
  return lanes == 2 ? two : v128.load32_lane(from + 8, two, 2);
}

/** The first `lanes` of the vector. */
// @ts-ignore: decorator
@inline
export function storeLanes(to: usize, value: v128, lanes: i32): void {
  if (lanes == 4) {
    v128.store(to, value);
  } else if (lanes == 1) {
    v128.store32_lane(to, value, 0);
  } else {
    v128.store64_lane(to, value, 0);
    if (lanes == 3) v128.store32_lane(to + 8, value, 2);
  }
}

/** The sums of the four lanes of each. */
// @ts-ignore: decorator
@inline
export function sumsOf(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}
