/**
 * The random walk of random-walk.ts in bands of rows, which threads share out between them. A pixel's numbers do not depend on the
 * bands: a thread writes the rows of its band alone, and reads what nobody writes meanwhile.
 */
import { affinityRows } from './random-walk-affinity';
import { productRow, windowRunBytes } from './random-walk-product';
import { iterateRows } from './random-walk-solvers';
import { middle, reach } from './random-walk-window';

export { affinities, inverseDegrees, iterate, product, runBytes } from './random-walk';
export { advanceResidual, advanceSearch, searchProduct } from './random-walk-solvers';

/** The first address that the kernel's constants leave free. */
export function heapBase(): usize {
  return __heap_base;
}

/** The order is that of `randomWalkJobFields` in lib/kernels/random-walk-threads.ts. */
// @ts-ignore: decorator
@unmanaged
class RandomWalkJob {
  /** φ [height, width, channels] and θ [channels] */
  features!: usize;
  weights!: usize;
  /** w [height, width, places] and 1/d [height, width] */
  affinities!: usize;
  inverseDegrees!: usize;
  /** f of a product, x of an iteration. [height, width, columns] */
  from!: usize;
  /** ŷ of a product, `previous` of an iteration, which becomes the next. [height, width, columns] */
  to!: usize;
  /** f of an iteration. [height, width, columns] */
  start!: usize;
  /** The largest of each band: residual of an iteration, or degree, as float64. */
  largest!: usize;
  window!: usize;
  height!: i32;
  width!: i32;
  channels!: i32;
  columns!: i32;
  radius!: i32;
  places!: i32;
  bandRows!: i32;
  diffusion!: f32;
  omega!: f32;
  gamma!: f32;
}

// @ts-ignore: decorator
@inline
function firstRow(job: RandomWalkJob, band: i32): i32 {
  return band * job.bandRows;
}

// @ts-ignore: decorator
@inline
function endRow(job: RandomWalkJob, band: i32): i32 {
  return min(job.height, (band + 1) * job.bandRows);
}

// @ts-ignore: decorator
@inline
function storeLargest(job: RandomWalkJob, band: i32, value: f64): void {
  store<f64>(job.largest + (<usize>band << 3), value);
}

/** w of a band's pixels. */
export function affinityBand(job: RandomWalkJob, band: i32, scratch: usize): void {
  affinityRows(
    job.features, job.weights, job.affinities, firstRow(job, band), endRow(job, band),
    job.height, job.width, job.channels, job.window, job.radius, job.places,
  );
}

/**
 * 1/d of a band's pixels, and their largest d. Summed in float64 and in the order of `inverseDegrees`: pairs with earlier pixels one
 * by one, then the sum of those with later ones.
 */
export function degreeBand(job: RandomWalkJob, band: i32, scratch: usize): void {
  const width = job.width;
  const placesBytes = <usize>job.places << 2;
  let largest: f64 = 0;
  for (let row = firstRow(job, band); row < endRow(job, band); row++) {
    for (let column = 0; column < width; column++) {
      const pixel = <usize>(row * width + column);
      let sum: f64 = 1;
      for (let down = min(job.radius, row); down >= 0; down--) {
        const side = reach(job.window, down);
        const from = max(0, column - side);
        const end = down == 0 ? column - 1 : min(width - 1, column + side);
        // The pair is kept at the neighbour, which comes before.
        let at = job.affinities + <usize>((row - down) * width + from) * placesBytes +
          <usize>((middle(job.window, down) + column - from) * 4);
        for (let neighbour = from; neighbour <= end; neighbour++) {
          sum += <f64>load<f32>(at);
          at += placesBytes - 4;
        }
      }
      let own: f64 = 0;
      const pairs = job.affinities + pixel * placesBytes;
      const last = min(job.radius, job.height - 1 - row);
      for (let down = 0; down <= last; down++) {
        const side = reach(job.window, down);
        const from = down == 0 ? 1 : -min(side, column);
        let at = pairs + <usize>((middle(job.window, down) + from) * 4);
        for (let count = min(side, width - 1 - column) - from; count >= 0; count--) {
          own += <f64>load<f32>(at);
          at += 4;
        }
      }
      sum += own;
      largest = max(largest, sum);
      store<f32>(job.inverseDegrees + (pixel << 2), <f32>(1 / sum));
    }
  }
  storeLargest(job, band, largest);
}

/** ŷ = A f of a band's pixels. */
export function productBand(job: RandomWalkJob, band: i32, scratch: usize): void {
  const rowBytes = <usize>(job.width * job.columns) * 4;
  for (let row = firstRow(job, band); row < endRow(job, band); row++) {
    productRow(
      job.from, job.affinities, job.inverseDegrees, job.to + <usize>row * rowBytes, row,
      job.height, job.width, job.columns, job.window, job.radius, job.places, scratch,
    );
  }
}

/** An iteration's next values of a band's pixels, and their largest residual. Scratch is of a window's runs and a row's values. */
export function iterateBand(job: RandomWalkJob, band: i32, scratch: usize): void {
  const largest = iterateRows(
    job.from, job.to, job.start, job.affinities, job.inverseDegrees, scratch + windowRunBytes(job.radius),
    job.diffusion, job.omega, job.gamma, firstRow(job, band), endRow(job, band),
    job.height, job.width, job.columns, job.window, job.radius, job.places, scratch,
  );
  storeLargest(job, band, <f64>largest);
}
