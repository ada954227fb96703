/**
 * The random walk layer (§4.3) in float64, one pair at a time: what the tensors and the kernel are checked against.
 *
 *   A = D⁻¹ W,   D_ii = d_i = Σ_j W_ij,   ŷ = A f
 *
 * W is symmetric with ones on its diagonal, and is held as affinities [pixels, offsets] (see affinity.ts).
 */
import { forEachPair, type PixelGrid } from '../neighbourhood.ts';

/** d [pixels]: at least 1, because every pixel is its own neighbour. */
export function degrees(grid: PixelGrid, affinities: ArrayLike<number>): Float64Array {
  return affinityProduct(grid, affinities, new Float64Array(grid.height * grid.width).fill(1), 1);
}

/** W v [pixels, columns]. */
export function affinityProduct(
  grid: PixelGrid,
  affinities: ArrayLike<number>,
  v: ArrayLike<number>,
  columns: number,
): Float64Array {
  const offsets = grid.neighbourhood.offsets.length;
  const product = Float64Array.from(v);
  forEachPair(grid, (i, j, place) => {
    const w = affinities[i * offsets + place]!;
    for (let column = 0; column < columns; column++) {
      product[i * columns + column]! += w * v[j * columns + column]!;
      product[j * columns + column]! += w * v[i * columns + column]!;
    }
  });
  return product;
}

/**
 * ŷ = A f.
 *
 * @param f [pixels, classes]: any finite values
 */
export function walkStep(
  grid: PixelGrid,
  affinities: ArrayLike<number>,
  f: ArrayLike<number>,
  classes: number,
): Float64Array {
  const d = degrees(grid, affinities);
  return affinityProduct(grid, affinities, f, classes).map((sum, index) => sum / d[Math.floor(index / classes)]!);
}

export interface WalkGradients {
  /** ∂L/∂f [pixels, classes] */
  readonly f: Float64Array;
  /** ∂L/∂w [pixels, offsets], of both entries of W that an affinity stands for, the normalization by D included */
  readonly affinities: Float64Array;
}

/**
 * With g = ∂L/∂ŷ: ∂L/∂f = Aᵀ g = W D⁻¹ g, and ∂L/∂A = g fᵀ on the entries of A (§4.3). A_ij = W_ij/d_i makes it
 * ∂L/∂W_ij = g_i·(f_j − ŷ_i)/d_i, and w_ij stands for W_ij and for W_ji.
 *
 * @param gradient g [pixels, classes]
 */
export function walkStepBackward(
  grid: PixelGrid,
  affinities: ArrayLike<number>,
  f: ArrayLike<number>,
  classes: number,
  gradient: ArrayLike<number>,
): WalkGradients {
  const offsets = grid.neighbourhood.offsets.length;
  const d = degrees(grid, affinities);
  const y = walkStep(grid, affinities, f, classes);
  const scaled = Float64Array.from(gradient, (g, index) => g / d[Math.floor(index / classes)]!);
  const byAffinities = new Float64Array(affinities.length);
  forEachPair(grid, (i, j, place) => {
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const [atI, atJ] = [i * classes + c, j * classes + c];
      sum += scaled[atI]! * (f[atJ]! - y[atI]!) + scaled[atJ]! * (f[atI]! - y[atJ]!);
    }
    byAffinities[i * offsets + place] = sum;
  });
  return { f: affinityProduct(grid, affinities, scaled, classes), affinities: byAffinities };
}

/** ŷ_{t+1} = α A ŷ_t + (1 − α) f from ŷ_0 = f (Eq. 1), so many times. */
export function walkSteps(
  grid: PixelGrid,
  affinities: ArrayLike<number>,
  f: ArrayLike<number>,
  classes: number,
  { diffusion, steps }: { readonly diffusion: number; readonly steps: number },
): Float64Array {
  let y = Float64Array.from(f);
  for (let step = 0; step < steps; step++) {
    y = walkStep(grid, affinities, y, classes).map((value, index) => diffusion * value + (1 - diffusion) * f[index]!);
  }
  return y;
}
