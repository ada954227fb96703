/**
 * One LSTM layer of a group of coordinates, forward: what the step and the recomputation before the backward sweep share.
 *
 * A group is eight coordinates, held in the lanes of two v128. Everything about a group is an array of rows of eight
 * float32 (32 bytes), one row a unit, so weights are broadcast and no lane ever talks to another.
 */
import { madd, tanhArray } from './simd-math';

/** Bytes of a row: eight lanes. */
// @ts-ignore: decorator
@inline
export const ROW: usize = 32;

/**
 * y = b + W·x for one group, four rows of y a tile: rows x [count] → rows y [4·tiles].
 *
 * `weights` [tiles][1 + count][4], the bias first. A tile's four rows × two v128 are eight sums that stay in registers:
 * as many as two fused multiply-adds a cycle, four cycles of latency each, need to keep busy.
 */
export function affine(tiles: i32, weights: usize, x: usize, count: i32, y: usize): void {
  const end = x + <usize>count * ROW;
  for (; tiles > 0; tiles--) {
    let a0 = v128.load32_splat(weights);
    let b0 = v128.load32_splat(weights, 4);
    let c0 = v128.load32_splat(weights, 8);
    let d0 = v128.load32_splat(weights, 12);
    let a1 = a0;
    let b1 = b0;
    let c1 = c0;
    let d1 = d0;
    weights += 16;
    for (let row = x; row < end; row += ROW) {
      const x0 = v128.load(row);
      const x1 = v128.load(row, 16);
      let w = v128.load32_splat(weights);
      a0 = madd(x0, w, a0);
      a1 = madd(x1, w, a1);
      w = v128.load32_splat(weights, 4);
      b0 = madd(x0, w, b0);
      b1 = madd(x1, w, b1);
      w = v128.load32_splat(weights, 8);
      c0 = madd(x0, w, c0);
      c1 = madd(x1, w, c1);
      w = v128.load32_splat(weights, 12);
      d0 = madd(x0, w, d0);
      d1 = madd(x1, w, d1);
      weights += 16;
    }
    v128.store(y, a0);
    v128.store(y, a1, 16);
    v128.store(y, b0, 32);
    v128.store(y, b1, 48);
    v128.store(y, c0, 64);
    v128.store(y, c1, 80);
    v128.store(y, d0, 96);
    v128.store(y, d1, 112);
    y += 4 * ROW;
  }
}

/** Copies `rows` rows. */
export function copyRows(to: usize, from: usize, rows: i32): void {
  for (const end = from + <usize>rows * ROW; from < end; from += ROW, to += ROW) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  }
}

/**
 * With z = W·x + b, where x holds the layer's inputs and its previous output h:
 *
 *   i = σ(z_i)   f = σ(z_f)   g = tanh(z_g)   o = σ(z_o)   c′ = f ⊙ c + i ⊙ g   h′ = o ⊙ tanh(c′)
 *
 * σ(z) = ½ + ½ tanh(z/2), and the packed weights of i, f and o are halved: so one tanh over all rows serves every gate.
 *
 * x: rows [count]. c, nextC, nextH: rows [hidden]; nextC may be c. Left behind for the backward sweep: `gates` rows
 * [hidden][i, f, g, o], `tanhC` rows [hidden].
 */
export function stepLayer(
  hidden: i32,
  weights: usize,
  x: usize,
  count: i32,
  c: usize,
  nextC: usize,
  nextH: usize,
  gates: usize,
  tanhC: usize,
): void {
  const bytes = <usize>hidden * ROW;
  affine(hidden, weights, x, count, gates);
  tanhArray(gates, gates, 4 * bytes);
  const half = f32x4.splat(0.5);
  for (let at: usize = 0; at < bytes; at += 16) {
    // `at` counts vectors of c, two a row; the gates of a unit are four rows.
    const gate = gates + (at & ~(ROW - 1)) * 4 + (at & 16);
    const i = madd(v128.load(gate), half, half);
    const f = madd(v128.load(gate, 32), half, half);
    const g = v128.load(gate, 64);
    const o = madd(v128.load(gate, 96), half, half);
    v128.store(gate, i);
    v128.store(gate, f, 32);
    v128.store(gate, o, 96);
    v128.store(nextC + at, madd(f, v128.load(c + at), f32x4.mul(i, g)));
  }
  tanhArray(nextC, tanhC, bytes);
  for (let at: usize = 0; at < bytes; at += 16) {
    const o = v128.load(gates + (at & ~(ROW - 1)) * 4 + (at & 16), 96);
    v128.store(nextH + at, f32x4.mul(o, v128.load(tanhC + at)));
  }
}
