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
  return inverseDegreeRows(affinities, sums, out, 0, height, height, width, window, radius, places);
}

/**
 * The same of the rows from `firstRow` to before `endRow` alone, with the pairs of the rows above that reach into them. A pixel's sum
 * has the same order: pairs with earlier pixels one by one, then the sum of those with later ones.
 *
 * @param sums scratch, [endRow − firstRow, width] float64
 */
export function inverseDegreeRows(
  affinities: usize, sums: usize, out: usize, firstRow: i32, endRow: i32, height: i32, width: i32,
  window: usize, radius: i32, places: i32,
): f64 {
  const count = (endRow - firstRow) * width;
  for (let pixel = 0; pixel < count; pixel++) store<f64>(sums + (<usize>pixel << 3), 1);
  const start = max(0, firstRow - radius);
  affinities += <usize>(start * width * places) << 2;
  for (let row = start; row < endRow; row++) {
    const last = min(radius, height - 1 - row);
    for (let column = 0; column < width; column++) {
      let own: f64 = 0;
      for (let down = max(0, firstRow - row); down <= last; down++) {
        const side = reach(window, down);
        const from = down == 0 ? 1 : -min(side, column);
        const end = min(side, width - 1 - column);
        let at = affinities + <usize>((middle(window, down) + from) * 4);
        if (row + down < endRow) {
          let neighbour = sums + (<usize>((row + down - firstRow) * width + column + from) << 3);
          for (let left = end - from; left >= 0; left--) {
            const w = <f64>load<f32>(at);
            own += w;
            store<f64>(neighbour, load<f64>(neighbour) + w);
            neighbour += 8;
            at += 4;
          }
        } else {
          for (let left = end - from; left >= 0; left--) {
            own += <f64>load<f32>(at);
            at += 4;
          }
        }
      }
      if (row >= firstRow) {
        const sum = sums + (<usize>((row - firstRow) * width + column) << 3);
        store<f64>(sum, load<f64>(sum) + own);
      }
      affinities += <usize>places << 2;
    }
  }
  let largest: f64 = 0;
  out += <usize>(firstRow * width) << 2;
  for (let pixel = 0; pixel < count; pixel++) {
    const d = load<f64>(sums + (<usize>pixel << 3));
    largest = max(largest, d);
    store<f32>(out + (<usize>pixel << 2), <f32>(1 / d));
  }
  return largest;
}
