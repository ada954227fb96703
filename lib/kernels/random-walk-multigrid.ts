/**
 * The kernel of the random walk's multigrid solver (assembly/random-walk-multigrid.ts): over the pixels of a walk, in the walk's own
 * memory, and over groups of them, in a memory of their own that is made when their number is known.
 */
import { instantiateKernel, type KernelBinaries, type KernelBuild, type KernelMemory } from './kernel-instance.ts';

type Numbers<Names extends string[]> = { [Place in keyof Names]: number };

/** How the kernel knows an image and its neighbourhood. */
type Grid = ['height', 'width', 'columns', 'window', 'radius', 'places', 'runs'];

export interface MultigridExports {
  relax(
    ...values: Numbers<
      [...['x', 'next', 'f', 'relaxation', 'affinities', 'inverseDegrees', 'rowValues', 'diffusion'], ...Grid]
    >
  ): number;
  residual(
    ...values: Numbers<[...['x', 'f', 'residual', 'groups', 'b', 'affinities', 'inverseDegrees', 'diffusion'], ...Grid]>
  ): number;
  curvature(...values: Numbers<[...['p', 'q', 'affinities', 'inverseDegrees', 'diffusion'], ...Grid]>): number;
  sumInGroups(...values: Numbers<['v', 'factor', 'groups', 'b', 'inverseDegrees', 'pixels', 'columns']>): void;
  addToPixels(...values: Numbers<['x', 'keep', 'groups', 'e', 'pixels', 'columns']>): void;
  advance(
    ...values: Numbers<
      [
        ...['x', 'r', 'p', 'q', 'step', 'relaxation', 'groups', 'b', 'inverseDegrees'],
        ...['pixels', 'columns', 'largest'],
      ]
    >
  ): number;
  turn(...values: Numbers<['p', 'r', 'relaxation', 'groups', 'e', 'factor', 'pixels', 'columns']>): void;
  strongestAffinities(...values: Numbers<['affinities', 'out', 'height', 'width', 'window', 'radius', 'places']>): void;
  groupPixels(
    ...values: Numbers<
      [
        ...['affinities', 'inverseDegrees', 'strongest', 'leastShare', 'groups', 'firstOfBlock', 'members'],
        ...['height', 'width', 'window', 'radius', 'places'],
      ]
    >
  ): number;
  measureGroups(...values: Numbers<['groups', 'inverseDegrees', 'degrees', 'sizes', 'pixels', 'count']>): void;
  sumBlockRow(
    ...values: Numbers<
      [
        ...['affinities', 'groups', 'firstOfBlock', 'degrees', 'leastCoupling', 'inner', 'sums', 'slots', 'counts'],
        ...['others', 'between', 'blockRow', 'height', 'width', 'window', 'radius', 'places'],
      ]
    >
  ): number;
  relaxGroups(
    ...values: Numbers<
      ['x', 'next', 'b', 'starts', 'others', 'couplings', 'diagonal', 'relaxation', 'groups', 'vectors']
    >
  ): void;
  residualOfGroups(
    ...values: Numbers<['x', 'b', 'parents', 'sums', 'starts', 'others', 'couplings', 'diagonal', 'groups', 'vectors']>
  ): void;
  scaleGroups(...values: Numbers<['x', 'b', 'relaxation', 'groups', 'vectors']>): void;
  addOfGroups(...values: Numbers<['x', 'parents', 'e', 'groups', 'vectors']>): void;
  dotProduct(...values: Numbers<['a', 'b', 'vectors']>): number;
}

export const multigridBinaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/random-walk-multigrid.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/random-walk-multigrid.plain.wasm', import.meta.url),
};

/** What a walk lets its multigrid solver work with. Arrays of values [pixels, classes] must be of the walk's. */
export interface PixelMultigrid {
  readonly build: KernelBuild | undefined;
  /** What a residual is multiplied with when it is added to the values, [pixels]; for the caller to fill. */
  readonly relaxation: Float32Array;
  /**
   * Groups the pixels, for all that follows. `groupValues` are [groups, classes rounded up to 4]. undefined if the groups are more
   * than half of the pixels.
   */
  group(options: GroupingOptions): PixelGroups | undefined;
  /** next = x + r ⊙ relaxation. Returns ‖r‖∞. */
  relax(x: Float32Array, next: Float32Array, f: Float32Array, diffusion: number): number;
  /** r of x, and its sums in groups, weighted by degrees, in `groupValues`. Returns ‖r‖∞. */
  residual(x: Float32Array, f: Float32Array, r: Float32Array, diffusion: number): number;
  /** `groupValues` = factor times the sums of v in groups, weighted by degrees. */
  sumInGroups(v: Float32Array, factor: number): void;
  /** x = keep · x + the `groupValues` of its pixels' groups. */
  addToPixels(x: Float32Array, keep: 0 | 1): void;
  /** q = p − αAp. Returns pᵀDq. */
  curvature(p: Float32Array, q: Float32Array, diffusion: number): number;
  /** x += step p, r −= step q, and r's sums in `groupValues`. `product` is that of D r and r ⊙ relaxation. */
  advance(
    arrays: { readonly x: Float32Array; readonly r: Float32Array; readonly p: Float32Array; readonly q: Float32Array },
    step: number,
  ): { readonly product: number; readonly largest: number };
  /** p = r ⊙ relaxation + the `groupValues` of its pixels' groups + factor · p. */
  turn(p: Float32Array, r: Float32Array, factor: number): void;
}

export interface GroupingOptions {
  /** Of a pixel's largest affinity: what it must have to the middle of a group to join it. */
  readonly leastShare: number;
  /** Affinities of groups that are a smaller share of both their degrees count as affinities within them. */
  readonly leastCoupling: number;
}

/** See assembly/random-walk-grouping.ts. */
export interface PixelGroups {
  readonly groupValues: Float32Array;
  /** The first group of each block of `blockSide`² pixels, in reading order, and the number of groups at the end. */
  readonly firstOfBlock: Int32Array;
  /** Σ d of each group. */
  readonly degrees: Float32Array;
  /** Pixels of each group. */
  readonly sizes: Float32Array;
  /** Affinities of each group's pixels to each other, both ways. */
  readonly inner: Float32Array;
  /** How many of the following belong to each group: its affinities to groups that come after it. */
  readonly counts: Int32Array;
  readonly others: Int32Array;
  readonly between: Float32Array;
}

/** SIDE of assembly/random-walk-grouping.ts. */
export const blockSide = 3;

/** Floats, or int32, that the multigrid solver takes in the memory of a walk. */
export function multigridScratch({ height, width, classes, radius }: Omit<ImageSize, 'places'>) {
  const pixels = height * width;
  const [down, across] = [Math.ceil(height / blockSide), Math.ceil(width / blockSide)];
  const reach = Math.ceil(radius / blockSide);
  const most = blockSide * blockSide;
  // Blocks with a group that comes after one of a block's own: to its right, and in the rows below.
  const near = Math.min(reach + 1, across) + Math.min(reach, down - 1) * Math.min(2 * reach + 1, across);
  const pairs = across * most * most * near;
  return {
    groups: pixels,
    relaxation: pixels,
    groupValues: Math.ceil(pixels / 2) * 4 * Math.ceil(classes / 4),
    firstOfBlock: down * across + 1,
    slots: across * most * (reach + 1),
    members: most,
    sums: pairs,
    others: pairs,
    between: pairs,
  };
}

export type MultigridArrays = Readonly<Record<keyof ReturnType<typeof multigridScratch>, Float32Array>>;

interface ImageSize {
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  readonly radius: number;
  readonly places: number;
}

/** A walk as its multigrid solver knows it; all but the last are addresses in its memory. */
interface MultigridWalk extends ImageSize {
  readonly memory: KernelMemory;
  readonly build: KernelBuild | undefined;
  readonly affinities: number;
  readonly inverseDegrees: number;
  readonly rowValues: number;
  readonly window: number;
  readonly runs: number;
  readonly largest: Float32Array;
}

export function createPixelMultigrid(walk: MultigridWalk, arrays: MultigridArrays): PixelMultigrid {
  const { memory, build, height, width, classes, radius, places, affinities, inverseDegrees, window, runs } = walk;
  const kernel = instantiateKernel<MultigridExports>(multigridBinaries, memory, build);
  const pixels = height * width;
  const grid = [height, width, classes, window, radius, places, runs] as const;
  const at = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.byteOffset])) as Readonly<
    Record<keyof MultigridArrays, number>
  >;
  const stride = 16 * Math.ceil(classes / 4);
  let groupValues = arrays.groupValues.subarray(0, 0);
  return {
    build,
    relaxation: arrays.relaxation,
    group(options) {
      const found = groupPixels(kernel, walk, at, options);
      if (!found) return undefined;
      groupValues = arrays.groupValues.subarray(0, (found.degrees.length * stride) / 4);
      const offsets = new Int32Array(memory.buffer, at.groups, pixels);
      for (let pixel = 0; pixel < pixels; pixel++) offsets[pixel]! *= stride;
      return { ...found, groupValues };
    },
    relax(x, next, f, diffusion) {
      const values = [x.byteOffset, next.byteOffset, f.byteOffset, at.relaxation, affinities, inverseDegrees] as const;
      return kernel.relax(...values, walk.rowValues, diffusion, ...grid);
    },
    residual(x, f, r, diffusion) {
      groupValues.fill(0);
      const values = [x.byteOffset, f.byteOffset, r.byteOffset, at.groups, at.groupValues] as const;
      return kernel.residual(...values, affinities, inverseDegrees, diffusion, ...grid);
    },
    sumInGroups(v, factor) {
      groupValues.fill(0);
      kernel.sumInGroups(v.byteOffset, factor, at.groups, at.groupValues, inverseDegrees, pixels, classes);
    },
    addToPixels: (x, keep) => kernel.addToPixels(x.byteOffset, keep, at.groups, at.groupValues, pixels, classes),
    curvature: (p, q, diffusion) =>
      kernel.curvature(p.byteOffset, q.byteOffset, affinities, inverseDegrees, diffusion, ...grid),
    advance({ x, r, p, q }, step) {
      groupValues.fill(0);
      const product = kernel.advance(
        ...([x.byteOffset, r.byteOffset, p.byteOffset, q.byteOffset, step, at.relaxation, at.groups] as const),
        ...([at.groupValues, inverseDegrees, pixels, classes, walk.largest.byteOffset] as const),
      );
      return { product, largest: walk.largest[0]! };
    },
    turn(p, r, factor) {
      const values = [p.byteOffset, r.byteOffset, at.relaxation, at.groups, at.groupValues] as const;
      kernel.turn(...values, factor, pixels, classes);
    },
  };
}

/** Without the memory's `groupValues`, which serve as scratch. */
function groupPixels(
  kernel: MultigridExports,
  { memory, height, width, radius, places, affinities, inverseDegrees, window }: MultigridWalk,
  at: Readonly<Record<keyof MultigridArrays, number>>,
  { leastShare, leastCoupling }: GroupingOptions,
): Omit<PixelGroups, 'groupValues'> | undefined {
  const pixels = height * width;
  const image = [height, width, window, radius, places] as const;
  // The largest affinities lie where the relaxation's factors will.
  kernel.strongestAffinities(affinities, at.relaxation, ...image);
  const count = kernel.groupPixels(
    ...([affinities, inverseDegrees, at.relaxation, leastShare, at.groups, at.firstOfBlock, at.members] as const),
    ...image,
  );
  if (2 * count > pixels) return undefined;
  const floats = (address: number, length: number) => new Float32Array(memory.buffer, address, length);
  const integers = (address: number, length: number) => new Int32Array(memory.buffer, address, length);
  const scratch = (index: number) => at.groupValues + 4 * index * count;
  const [degrees, sizes, inner, counts] = [scratch(0), scratch(1), scratch(2), scratch(3)];
  kernel.measureGroups(at.groups, inverseDegrees, degrees, sizes, pixels, count);
  floats(inner, count).fill(0);
  const blocks = Math.ceil(height / blockSide) * Math.ceil(width / blockSide);
  let [size, others, between] = [0, new Int32Array(16 * count), new Float32Array(16 * count)];
  for (let blockRow = 0; blockRow < Math.ceil(height / blockSide); blockRow++) {
    const found = kernel.sumBlockRow(
      ...([affinities, at.groups, at.firstOfBlock, degrees, leastCoupling, inner, at.sums, at.slots, counts] as const),
      ...([at.others, at.between, blockRow, ...image] as const),
    );
    if (size + found > others.length) {
      const more = new Int32Array(2 * (size + found));
      const moreBetween = new Float32Array(more.length);
      more.set(others);
      moreBetween.set(between);
      [others, between] = [more, moreBetween];
    }
    others.set(integers(at.others, found), size);
    between.set(floats(at.between, found), size);
    size += found;
  }
  return {
    firstOfBlock: integers(at.firstOfBlock, blocks + 1).slice(),
    degrees: floats(degrees, count).slice(),
    sizes: floats(sizes, count).slice(),
    inner: floats(inner, count).slice(),
    counts: integers(counts, count).slice(),
    others: others.subarray(0, size),
    between: between.subarray(0, size),
  };
}
