/**
 * Systems of equations over groups of pixels: diagonal_I x_I − Σ_J c_IJ x_J = b_I. The couplings c are rows of a sparse matrix:
 * `starts` [groups + 1] int32, and for each coupling the other group, int32, times the bytes of a group's values, and c.
 * Values are [groups, vectors], four floats a vector.
 */
import { madd } from './simd-math';

/** next = x + (b − diagonal x + Σ c x) ⊙ relaxation. */
export function relaxGroups(
  x: usize, next: usize, b: usize, starts: usize, others: usize, couplings: usize, diagonal: usize, relaxation: usize,
  groups: i32, vectors: i32,
): void {
  const bytes = <usize>vectors * 16;
  for (let group = 0; group < groups; group++) {
    const from = <usize>load<i32>(starts) << 2;
    const end = <usize>load<i32>(starts, 4) << 2;
    for (let tile: usize = 0; tile < bytes; tile += 96) {
      const at = <usize>group * bytes + tile;
      const left = (bytes - tile) >> 4;
      if (left >= 6) tileOf(6, true, x + tile, at - tile, next + at, b + at, from, end, others, couplings, diagonal, relaxation);
      else if (left == 5) tileOf(5, true, x + tile, at - tile, next + at, b + at, from, end, others, couplings, diagonal, relaxation);
      else if (left == 4) tileOf(4, true, x + tile, at - tile, next + at, b + at, from, end, others, couplings, diagonal, relaxation);
      else if (left == 3) tileOf(3, true, x + tile, at - tile, next + at, b + at, from, end, others, couplings, diagonal, relaxation);
      else if (left == 2) tileOf(2, true, x + tile, at - tile, next + at, b + at, from, end, others, couplings, diagonal, relaxation);
      else tileOf(1, true, x + tile, at - tile, next + at, b + at, from, end, others, couplings, diagonal, relaxation);
    }
    starts += 4;
    diagonal += 4;
    relaxation += 4;
  }
}

/**
 * sums += Pᵀ (b − diagonal x + Σ c x), P of the groups of groups.
 *
 * @param parents [groups] int32, the group that a group belongs to, times the bytes of its values
 */
export function residualOfGroups(
  x: usize, b: usize, parents: usize, sums: usize, starts: usize, others: usize, couplings: usize, diagonal: usize,
  groups: i32, vectors: i32,
): void {
  const bytes = <usize>vectors * 16;
  for (let group = 0; group < groups; group++) {
    const from = <usize>load<i32>(starts) << 2;
    const end = <usize>load<i32>(starts, 4) << 2;
    const target = sums + <usize>load<i32>(parents);
    for (let tile: usize = 0; tile < bytes; tile += 96) {
      const at = <usize>group * bytes + tile;
      const left = (bytes - tile) >> 4;
      const to = target + tile;
      if (left >= 6) tileOf(6, false, x + tile, at - tile, to, b + at, from, end, others, couplings, diagonal, 0);
      else if (left == 5) tileOf(5, false, x + tile, at - tile, to, b + at, from, end, others, couplings, diagonal, 0);
      else if (left == 4) tileOf(4, false, x + tile, at - tile, to, b + at, from, end, others, couplings, diagonal, 0);
      else if (left == 3) tileOf(3, false, x + tile, at - tile, to, b + at, from, end, others, couplings, diagonal, 0);
      else if (left == 2) tileOf(2, false, x + tile, at - tile, to, b + at, from, end, others, couplings, diagonal, 0);
      else tileOf(1, false, x + tile, at - tile, to, b + at, from, end, others, couplings, diagonal, 0);
    }
    starts += 4;
    parents += 4;
    diagonal += 4;
  }
}

/**
 * The residual of up to 24 columns of one group: added to `out` as it is, or to the group's own values times `relaxation`.
 *
 * @param own the group's bytes within x
 */
// @ts-ignore: decorator
@inline
function tileOf(
  vectors: i32, isRelaxed: bool, x: usize, own: usize, out: usize, b: usize, from: usize, end: usize, others: usize,
  couplings: usize, diagonal: usize, relaxation: usize,
): void {
  let scale = f32x4.neg(v128.load32_splat(diagonal));
  const values = x + own;
  let s0 = madd(scale, v128.load(values), v128.load(b));
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  if (vectors > 1) s1 = madd(scale, v128.load(values, 16), v128.load(b, 16));
  if (vectors > 2) s2 = madd(scale, v128.load(values, 32), v128.load(b, 32));
  if (vectors > 3) s3 = madd(scale, v128.load(values, 48), v128.load(b, 48));
  if (vectors > 4) s4 = madd(scale, v128.load(values, 64), v128.load(b, 64));
  if (vectors > 5) s5 = madd(scale, v128.load(values, 80), v128.load(b, 80));
  for (; from < end; from += 4) {
    const other = x + <usize>load<i32>(others + from);
    const c = v128.load32_splat(couplings + from);
    s0 = madd(c, v128.load(other), s0);
    if (vectors > 1) s1 = madd(c, v128.load(other, 16), s1);
    if (vectors > 2) s2 = madd(c, v128.load(other, 32), s2);
    if (vectors > 3) s3 = madd(c, v128.load(other, 48), s3);
    if (vectors > 4) s4 = madd(c, v128.load(other, 64), s4);
    if (vectors > 5) s5 = madd(c, v128.load(other, 80), s5);
  }
  // `out` is added to: of relaxed values it is the group's own that they are added to.
  const base = isRelaxed ? values : out;
  scale = isRelaxed ? v128.load32_splat(relaxation) : f32x4.splat(1);
  v128.store(out, madd(scale, s0, v128.load(base)));
  if (vectors > 1) v128.store(out, madd(scale, s1, v128.load(base, 16)), 16);
  if (vectors > 2) v128.store(out, madd(scale, s2, v128.load(base, 32)), 32);
  if (vectors > 3) v128.store(out, madd(scale, s3, v128.load(base, 48)), 48);
  if (vectors > 4) v128.store(out, madd(scale, s4, v128.load(base, 64)), 64);
  if (vectors > 5) v128.store(out, madd(scale, s5, v128.load(base, 80)), 80);
}

/** x = b ⊙ relaxation: a relaxation of values that are zero. */
export function scaleGroups(x: usize, b: usize, relaxation: usize, groups: i32, vectors: i32): void {
  for (let group = 0; group < groups; group++) {
    const scale = v128.load32_splat(relaxation);
    for (let vector = 0; vector < vectors; vector++) {
      v128.store(x, f32x4.mul(scale, v128.load(b)));
      x += 16;
      b += 16;
    }
    relaxation += 4;
  }
}

/** x += P e. */
export function addOfGroups(x: usize, parents: usize, e: usize, groups: i32, vectors: i32): void {
  for (let group = 0; group < groups; group++) {
    let from = e + <usize>load<i32>(parents);
    for (let vector = 0; vector < vectors; vector++) {
      v128.store(x, f32x4.add(v128.load(x), v128.load(from)));
      x += 16;
      from += 16;
    }
    parents += 4;
  }
}

/** aᵀb over so many vectors. */
export function dotProduct(a: usize, b: usize, vectors: i32): f64 {
  let sum = f64x2.splat(0);
  for (let vector = 0; vector < vectors; vector++) {
    const product = f32x4.mul(v128.load(a), v128.load(b));
    sum = f64x2.add(sum, f64x2.promote_low_f32x4(product));
    sum = f64x2.add(sum, f64x2.promote_low_f32x4(v128.shuffle<f32>(product, product, 2, 3, 0, 1)));
    a += 16;
    b += 16;
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
