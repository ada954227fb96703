/**
 * The gradient of a walk's step by its affinities: with g = ∂L/∂ŷ and h = D⁻¹ g,
 *
 *   ∂L/∂w_ij = h_i·(f_j − ŷ_i) + h_j·(f_i − ŷ_j)
 */
import { madd } from './simd-math';
import { loadLanes, middle, reach, storeLanes, sumsOf } from './random-walk-window';

/** h = g/d [pixels, columns] and h·ŷ [pixels]. */
export function scaleGradient(
  gradient: usize, y: usize, inverseDegrees: usize, scaled: usize, products: usize, pixels: i32, columns: i32,
): void {
  for (let pixel = 0; pixel < pixels; pixel++) {
    const factor = load<f32>(inverseDegrees);
    let sum: f32 = 0;
    for (let column = 0; column < columns; column++) {
      const h = load<f32>(gradient) * factor;
      store<f32>(scaled, h);
      sum += h * load<f32>(y);
      gradient += 4;
      scaled += 4;
      y += 4;
    }
    store<f32>(products, sum);
    inverseDegrees += 4;
    products += 4;
  }
}

/** ∂L/∂w [height, width, places] from h, f and h·ŷ; 0 for pairs that leave the image. */
export function pairGradients(
  scaled: usize, f: usize, products: usize, out: usize, height: i32, width: i32, columns: i32,
  window: usize, radius: i32, places: i32,
): void {
  const pixelBytes = columns * 4;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = row * width + column;
      if (column < radius || column + radius >= width || row + radius >= height) {
        memory.fill(out, 0, <usize>places * 4);
      }
      const own = <usize>(pixel * pixelBytes);
      const ownProduct = f32x4.splat(load<f32>(products + <usize>pixel * 4));
      const last = min(radius, height - 1 - row);
      for (let down = 0; down <= last; down++) {
        const side = reach(window, down);
        const from = down == 0 ? 1 : -min(side, column);
        const end = min(side, width - 1 - column);
        let other = pixel + down * width + from;
        let target = out + <usize>((middle(window, down) + from) * 4);
        for (let at = from; at <= end; at += 4) {
          const count = min(4, end - at + 1);
          const neighbour = <usize>(other * pixelBytes);
          const dots = fourDots(scaled, f, own, neighbour, columns, count);
          const theirs = products + <usize>other * 4;
          const bothProducts = f32x4.add(ownProduct, count == 4 ? v128.load(theirs) : loadLanes(theirs, count));
          storeLanes(target, f32x4.sub(dots, bothProducts), count);
          other += 4;
          target += 16;
        }
      }
      out += <usize>places * 4;
    }
  }
}

/** h_i·f_j + f_i·h_j for the pixel i and `count` neighbours j in a row. */
// @ts-ignore: decorator
@inline
function fourDots(h: usize, f: usize, own: usize, neighbour: usize, columns: i32, count: i32): v128 {
  const pixelBytes = <usize>columns * 4;
  // Where there are fewer than four, the last comes again.
  let second = neighbour + (count > 1 ? pixelBytes : 0);
  let third = second + (count > 2 ? pixelBytes : 0);
  let fourth = third + (count > 3 ? pixelBytes : 0);
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const end = own + <usize>(columns >> 2) * 16;
  for (; own < end; own += 16) {
    const ownH = v128.load(h + own);
    const ownF = v128.load(f + own);
    a = madd(ownF, v128.load(h + neighbour), madd(ownH, v128.load(f + neighbour), a));
    b = madd(ownF, v128.load(h + second), madd(ownH, v128.load(f + second), b));
    c = madd(ownF, v128.load(h + third), madd(ownH, v128.load(f + third), c));
    d = madd(ownF, v128.load(h + fourth), madd(ownH, v128.load(f + fourth), d));
    neighbour += 16;
    second += 16;
    third += 16;
    fourth += 16;
  }
  const lanes = columns & 3;
  if (lanes) {
    const ownH = loadLanes(h + own, lanes);
    const ownF = loadLanes(f + own, lanes);
    a = madd(ownF, loadLanes(h + neighbour, lanes), madd(ownH, loadLanes(f + neighbour, lanes), a));
    b = madd(ownF, loadLanes(h + second, lanes), madd(ownH, loadLanes(f + second, lanes), b));
    c = madd(ownF, loadLanes(h + third, lanes), madd(ownH, loadLanes(f + third, lanes), c));
    d = madd(ownF, loadLanes(h + fourth, lanes), madd(ownH, loadLanes(f + fourth, lanes), d));
  }
  return sumsOf(a, b, c, d);
}
