/**
 * Random walks over pixels (arXiv 1605.07681): affinities, the product of the transition matrix A = D⁻¹W with values, what
 * their gradients need, and the iterations that solve (I − αA) y = (1 − α) f. W is never made as a matrix: see
 * random-walk-window.ts for where an affinity lies.
 *
 * No function has data of its own at fixed addresses: it may work in somebody else's memory.
 */
import { productRow, windowRunBytes } from './random-walk-product';
import { middle, reach } from './random-walk-window';

export { affinities, affinityGradients } from './random-walk-affinity';
export { pairGradients, scaleGradient } from './random-walk-gradient';
export { advanceResidual, advanceSearch, iterate, searchProduct } from './random-walk-solvers';

/** Bytes of the scratch memory `runs` of a product. */
export function runBytes(radius: i32): i32 {
  return windowRunBytes(radius);
}

/** out = scale ⊙ (W v); see `productRow`. */
export function product(
  v: usize, affinities: usize, scale: usize, out: usize, height: i32, width: i32, columns: i32,
  window: usize, radius: i32, places: i32, runs: usize,
): void {
  const rowBytes = <usize>(width * columns) * 4;
  for (let row = 0; row < height; row++) {
    productRow(v, affinities, scale, out, row, height, width, columns, window, radius, places, runs);
    out += rowBytes;
  }
}

/**
 * 1/d of every pixel, d = 1 + Σ w over its pairs, summed in float64: over the 5025 pixels of a disc of radius 40, float32
 * would lose a digit.
 *
 * @param sums scratch, [height, width] float64
 * @param out written, [height, width]
 * @returns the largest d
 */
export function inverseDegrees(
  affinities: usize, sums: usize, out: usize, height: i32, width: i32, window: usize, radius: i32, places: i32,
): f64 {
  const pixels = height * width;
  for (let pixel = 0; pixel < pixels; pixel++) store<f64>(sums + (<usize>pixel << 3), 1);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const column = pixel % width;
    const last = min(radius, height - 1 - pixel / width);
    let own: f64 = 0;
    for (let down = 0; down <= last; down++) {
      const side = reach(window, down);
      const from = down == 0 ? 1 : -min(side, column);
      const end = min(side, width - 1 - column);
      let neighbour = sums + (<usize>(pixel + down * width + from) << 3);
      let at = affinities + <usize>((middle(window, down) + from) * 4);
      for (let count = end - from; count >= 0; count--) {
        const w = <f64>load<f32>(at);
        own += w;
        store<f64>(neighbour, load<f64>(neighbour) + w);
        neighbour += 8;
        at += 4;
      }
    }
    const sum = sums + (<usize>pixel << 3);
    store<f64>(sum, load<f64>(sum) + own);
    affinities += <usize>places << 2;
  }
  let largest: f64 = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const d = load<f64>(sums + (<usize>pixel << 3));
    largest = max(largest, d);
    store<f32>(out + (<usize>pixel << 2), <f32>(1 / d));
  }
  return largest;
}
