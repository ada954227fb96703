/**
 * Systems of equations over groups of pixels, on the kernel of assembly/random-walk-groups.ts, in a memory of their own that is made
 * when their sizes are known.
 */
import { createMemory, instantiateKernel, type KernelBuild } from './kernel-instance.ts';
import { type MultigridExports, multigridBinaries } from './random-walk-multigrid.ts';

/** (D − W) x = b as rows of a sparse matrix, times a factor. */
export interface GroupSystem {
  /** Where the affinities of each group begin, and their number at the end, [groups + 1]. */
  readonly starts: Int32Array;
  /** The other group of each affinity. */
  readonly others: Int32Array;
  readonly affinities: Float32Array;
  /** What the affinities are multiplied with, to be subtracted in each row from its diagonal times x. */
  readonly weight: number;
  readonly diagonal: Float32Array;
  /** What a residual is multiplied with when it is added to x, [groups]. */
  readonly relaxation: Float32Array;
  /** The group of the next system that a group belongs to; the last system has none. */
  readonly parents?: Int32Array;
}

/** Work on one system. */
export interface GroupKernel {
  readonly b: Float32Array;
  /** The solution as it is: relaxation writes it to one of two arrays in turn. */
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
  for (const [level, { starts, others, affinities, weight, diagonal, relaxation, parents }] of systems.entries()) {
    const at = places[level]!;
    integers(at.starts, starts.length).set(starts);
    const offsets = integers(at.others, others.length);
    const couplings = floats(at.couplings, others.length);
    for (let index = 0; index < others.length; index++) {
      offsets[index] = stride * others[index]!;
      couplings[index] = weight * affinities[index]!;
    }
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
