/** The tile of filters' gradients: four channels of an input by eight of an output, summed over pixels in registers. */
import { madd } from './simd-math';

/** sums [4][8] += Σ over rows × columns of source[4] ⊗ gradient[8]. */
export function addOuterProducts(
  source: usize, sourceBytes: usize, sourceRowBytes: usize,
  gradient: usize, gradientBytes: usize, gradientRowBytes: usize, rows: i32, columns: i32, sums: usize,
): void {
  let a0 = v128.load(sums);
  let a1 = v128.load(sums, 16);
  let b0 = v128.load(sums, 32);
  let b1 = v128.load(sums, 48);
  let c0 = v128.load(sums, 64);
  let c1 = v128.load(sums, 80);
  let d0 = v128.load(sums, 96);
  let d1 = v128.load(sums, 112);
  for (; rows > 0; rows--) {
    let pixel = source;
    let at = gradient;
    for (let column = columns; column > 0; column--) {
      const g0 = v128.load(at);
      const g1 = v128.load(at, 16);
      let x = v128.load32_splat(pixel);
      a0 = madd(x, g0, a0);
      a1 = madd(x, g1, a1);
      x = v128.load32_splat(pixel, 4);
      b0 = madd(x, g0, b0);
      b1 = madd(x, g1, b1);
      x = v128.load32_splat(pixel, 8);
      c0 = madd(x, g0, c0);
      c1 = madd(x, g1, c1);
      x = v128.load32_splat(pixel, 12);
      d0 = madd(x, g0, d0);
      d1 = madd(x, g1, d1);
      pixel += sourceBytes;
      at += gradientBytes;
    }
    source += sourceRowBytes;
    gradient += gradientRowBytes;
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, b0, 32);
  v128.store(sums, b1, 48);
  v128.store(sums, c0, 64);
  v128.store(sums, c1, 80);
  v128.store(sums, d0, 96);
  v128.store(sums, d1, 112);
}
