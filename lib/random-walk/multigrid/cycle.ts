/**
 * An approximate solution of the walk between groups, (D − αW) x = b, by multigrid: steps of a relaxation between two walks, and
 * corrections from the smaller one in between.
 */

import type { KernelBuild } from '../../kernels/kernel-instance.ts';
import { createGroupKernels, type GroupKernel, type GroupSystem } from '../../kernels/random-walk-groups.ts';
import type { Neighbourhood } from '../neighbourhood.ts';
import { groupGroups } from './group-groups.ts';
import type { GroupedWalk } from './group-pixels.ts';

/** Down to a handful, so that the mean, which relaxation moves by 1 − α a step, is solved for exactly. */
const fewestGroups = 4;
/** Nor is one that hardly gets smaller. */
const leastReduction = 0.75;
const lastRelaxations = 8;

/**
 * What a residual is divided by when it is added to the values: the mean of the diagonal of D − αW and of what makes all of its
 * eigenvalues, so divided, at most one. Half of the latter would do for relaxation to converge, so this does.
 *
 * @param degree d
 * @param inner w_ii, at most d
 */
export function relaxationDivisor(degree: number, inner: number, diffusion: number): number {
  const diagonal = degree - diffusion * inner;
  const rowSum = diagonal + diffusion * (degree - inner);
  return (diagonal + Math.min(degree, rowSum)) / 2;
}

/**
 * How much softer the walk between blocks is made than the sums of affinities say. Where values rise evenly, pairs of pixels
 * v apart on average (their squared distance along one axis) are, as blocks of side s, (s² − 1)/6 further: constants are stiff.
 * Below half of the next larger walk's stiffness, corrections could go too far.
 */
export function stiffnesses(neighbourhood: Neighbourhood, blockSides: readonly number[]): readonly number[] {
  const { offsets } = neighbourhood;
  const pixels = 2 * offsets.length + 1;
  const variance = offsets.reduce((sum, { rows, columns }) => sum + rows ** 2 + columns ** 2, 0) / pixels;
  let larger = 1;
  return blockSides.map((side) => {
    larger = Math.max(variance / (variance + (side ** 2 - 1) / 6), larger / 2, leastStiffness);
    return larger;
  });
}

/** Blocks far larger than the radius are coupled along their edges, and their groups follow what the picture shows. */
const leastStiffness = 0.25;

export interface GroupSolver {
  /** Of the first walk, [groups, classes rounded up to 4]. */
  readonly b: Float32Array;
  /** x ≈ (D − αW)⁻¹ b from x = 0: a symmetric positive definite operator. */
  cycle(): Float32Array;
  /** The same, from the x of the last cycle. */
  cycleAgain(): Float32Array;
  /** bᵀx */
  product(): number;
  readonly groups: number;
}

export function createGroupSolver(
  walk: GroupedWalk,
  neighbourhood: Neighbourhood,
  diffusion: number,
  classes: number,
  build: KernelBuild | undefined,
): GroupSolver {
  const walks = [walk];
  const parents: Int32Array[] = [];
  while (walks.at(-1)!.degrees.length > fewestGroups) {
    const larger = walks.at(-1)!;
    const { smaller, parents: of } = groupGroups(larger);
    if (smaller.degrees.length > leastReduction * larger.degrees.length) break;
    walks.push(smaller);
    parents.push(of);
  }
  const soft = stiffnesses(
    neighbourhood,
    walks.map(({ blockSide }) => blockSide),
  );
  const kernels = createGroupKernels(
    walks.map((each, level) => systemOf(each, diffusion, soft[level]!, parents[level])),
    classes,
    build,
  );
  const [first] = kernels as [GroupKernel, ...GroupKernel[]];
  return {
    groups: walk.degrees.length,
    b: first.b,
    cycle() {
      first.begin();
      descend(kernels, 0);
      return first.x();
    },
    cycleAgain() {
      first.relax();
      descend(kernels, 0);
      return first.x();
    },
    product: () => first.product(),
  };
}

/** A cycle after its first relaxation. The second walk gets two: it is where constants in groups begin to be poor, and still cheap. */
function descend(kernels: readonly GroupKernel[], level: number): void {
  const kernel = kernels[level]!;
  const next = kernels[level + 1];
  if (!next) {
    for (let count = 1; count < lastRelaxations; count++) kernel.relax();
    return;
  }
  kernel.restrict();
  next.begin();
  descend(kernels, level + 1);
  if (level === 0 && kernels.length > 2) {
    next.relax();
    descend(kernels, level + 1);
  }
  kernel.correct();
  kernel.relax();
}

/** (1 − α) D + α s (D − W), s the stiffness. */
function systemOf(walk: GroupedWalk, diffusion: number, stiffness: number, parents?: Int32Array): GroupSystem {
  const { degrees, inner, starts, others, affinities } = walk;
  const weight = diffusion * stiffness;
  const share = 1 - diffusion + weight;
  const diagonal = new Float32Array(degrees.length);
  const relaxation = new Float32Array(degrees.length);
  for (let group = 0; group < degrees.length; group++) {
    diagonal[group] = share * degrees[group]! - weight * inner[group]!;
    // As of the walk with the degrees share · d and α = weight / share, whose rows have the same sums.
    relaxation[group] = 1 / (share * relaxationDivisor(degrees[group]!, inner[group]!, weight / share));
  }
  return { starts, others, affinities, weight, diagonal, relaxation, ...(parents && { parents }) };
}
