/**
 * The random walk of random-walk.ts in bands of rows, which threads share out between them. A pixel's numbers do not depend on the
 * bands: a thread writes the rows of its band alone, and reads what nobody writes meanwhile.
 */
import { inverseDegreeRows } from './random-walk';
import { affinityRows } from './random-walk-affinity';
import { productRow, windowRunBytes } from './random-walk-product';
import { iterateRows } from './random-walk-solvers';

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

/** 1/d of a band's pixels, and their largest d. Scratch is of a float64 a pixel. */
export function degreeBand(job: RandomWalkJob, band: i32, scratch: usize): void {
  const largest = inverseDegreeRows(
    job.affinities, scratch, job.inverseDegrees, firstRow(job, band), endRow(job, band),
    job.height, job.width, job.window, job.radius, job.places,
  );
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
