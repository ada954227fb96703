/**
 * The kernel of the random walk's multigrid solver (assembly/random-walk-multigrid.ts): over the pixels of a walk, in the walk's own
 * memory, and over groups of them, in a memory of their own that is made when their number is known.
 */
import { createMemory, instantiateKernel, type KernelBinaries, type KernelBuild } from './kernel-instance.ts';

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
  readonly mostGroups: number;
  /** Says which group each pixel is in. Returns `groupValues`, [groups, classes rounded up to 4]. */
  setGroups(groupOf: Int32Array, count: number): Float32Array;
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

/** A system over groups; see assembly/random-walk-groups.ts. */
export interface GroupSystem {
  /** Of the rows of couplings, [groups + 1]. */
  readonly starts: Int32Array;
  /** The other group of each coupling. */
  readonly others: Int32Array;
  readonly couplings: Float32Array;
  readonly diagonal: Float32Array;
  readonly relaxation: Float32Array;
  /** The group of the next system that a group belongs to; the last system has none. */
  readonly parents?: Int32Array;
}

/** Work on one system. Its x is `x` until `relax` swaps it with another array. */
export interface GroupKernel {
  readonly b: Float32Array;
  x(): Float32Array;
  /** x = b ⊙ relaxation, from x = 0. */
  begin(): void;
  /** x += (b − Lx) ⊙ relaxation. */
  relax(): void;
  /** b of the next system = Pᵀ (b − Lx). */
  restrict(): void;
  /** x += P x of the next system. */
  correct(): void;
  /** bᵀx */
  product(): number;
}

/** @param classes columns of the values, here rounded up to 4 */
export function createGroupKernels(
  systems: readonly GroupSystem[],
  classes: number,
  build: KernelBuild | undefined,
): readonly GroupKernel[] {
  const vectors = Math.ceil(classes / 4);
  const stride = 16 * vectors;
  let top = 64;
  const place = (count: number) => {
    const at = top;
    top += 16 * Math.ceil(count / 4);
    return at;
  };
  const places = systems.map(({ diagonal, starts, others, parents }) => {
    const groups = diagonal.length;
    return {
      ...{ groups, starts: place(starts.length), others: place(others.length), couplings: place(others.length) },
      ...{ diagonal: place(groups), relaxation: place(groups), parents: place(parents ? groups : 0) },
      ...{ x: place(4 * vectors * groups), spare: place(4 * vectors * groups), b: place(4 * vectors * groups) },
    };
  });
  const memory = createMemory(top);
  const kernel = instantiateKernel<MultigridExports>(multigridBinaries, memory, build);
  const floats = (at: number, count: number) => new Float32Array(memory.buffer, at, count);
  const integers = (at: number, count: number) => new Int32Array(memory.buffer, at, count);
  for (const [level, { starts, others, couplings, diagonal, relaxation, parents }] of systems.entries()) {
    const at = places[level]!;
    integers(at.starts, starts.length).set(starts);
    const offsets = integers(at.others, others.length);
    for (let index = 0; index < others.length; index++) offsets[index] = stride * others[index]!;
    floats(at.couplings, couplings.length).set(couplings);
    floats(at.diagonal, at.groups).set(diagonal);
    floats(at.relaxation, at.groups).set(relaxation);
    if (parents) integers(at.parents, at.groups).set(parents.map((parent) => stride * parent));
  }
  const solutions = places.map(({ x }) => x);
  const spares = places.map(({ spare }) => spare);
  return places.map((at, level) => {
    const { groups } = at;
    const matrix = [at.starts, at.others, at.couplings, at.diagonal] as const;
    const next = places[level + 1];
    return {
      b: floats(at.b, 4 * vectors * groups),
      x: () => floats(solutions[level]!, 4 * vectors * groups),
      begin: () => kernel.scaleGroups(solutions[level]!, at.b, at.relaxation, groups, vectors),
      relax() {
        const [x, to] = [solutions[level]!, spares[level]!];
        kernel.relaxGroups(x, to, at.b, ...matrix, at.relaxation, groups, vectors);
        [solutions[level], spares[level]] = [to, x];
      },
      restrict() {
        floats(next!.b, 4 * vectors * next!.groups).fill(0);
        kernel.residualOfGroups(solutions[level]!, at.b, at.parents, next!.b, ...matrix, groups, vectors);
      },
      correct: () => kernel.addOfGroups(solutions[level]!, at.parents, solutions[level + 1]!, groups, vectors),
      product: () => kernel.dotProduct(at.b, solutions[level]!, vectors * groups),
    };
  });
}
