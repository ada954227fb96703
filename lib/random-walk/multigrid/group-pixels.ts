/**
 * Groups of pixels that walk together, and the walk between the groups. A block of 3 × 3 pixels is a group, or as many as it has
 * parts that affinities keep apart: an error that the walk's own steps reduce slowly is nearly constant where affinities are
 * large, so that constants in groups come near it, however small the part and whatever shape it has.
 */
import { blockSide, type PixelGroups, type PixelMultigrid } from '../../kernels/random-walk-multigrid.ts';

/** The walk between groups is D − αW with D the sums of degrees in groups, and W those of affinities between them. */
export interface GroupedWalk {
  /** Σ d of each group. */
  readonly degrees: Float32Array;
  /** Affinities of each group's pixels to each other, both ways, and to themselves. */
  readonly inner: Float32Array;
  /** Pixels of each group. */
  readonly sizes: Float32Array;
  /** Rows of a sparse symmetric matrix: those of group I are from starts[I] to starts[I + 1]. */
  readonly starts: Int32Array;
  readonly others: Int32Array;
  readonly affinities: Float32Array;
  /** The first group of each block, in reading order, and the number of groups at the end. */
  readonly firstOfBlock: Int32Array;
  readonly blocksAcross: number;
  /** Pixels along a block's side. */
  readonly blockSide: number;
}

/**
 * A pixel joins another's group if its affinity to it is at least this share of its largest to any: relative, because pixels
 * that have little affinity to all can still have most of it to each other.
 */
const leastShare = 0.3;

/** A third of all affinities on photographs, and hardly any of what flows. */
const leastCoupling = 3e-4;

/** undefined where the groups are more than half of the pixels. */
export function walkBetweenGroups(
  pixels: PixelMultigrid,
  width: number,
): { readonly walk: GroupedWalk; readonly groupValues: Float32Array } | undefined {
  const groups = pixels.group({ leastShare, leastCoupling });
  if (!groups) return undefined;
  const { degrees, sizes, firstOfBlock, groupValues } = groups;
  const inner = groups.inner.map((sum, group) => sum + sizes[group]!);
  const blocksAcross = Math.ceil(width / blockSide);
  return { groupValues, walk: { degrees, inner, sizes, firstOfBlock, blocksAcross, blockSide, ...bothSides(groups) } };
}

/** The sparse symmetric matrix of affinities that are listed once, at the first of the two groups. */
function bothSides({ counts, others: later, between }: PixelGroups) {
  const groups = counts.length;
  const starts = new Int32Array(groups + 1);
  for (let group = 0; group < groups; group++) starts[group + 1] = counts[group]!;
  for (let index = 0; index < later.length; index++) starts[later[index]! + 1]!++;
  for (let group = 0; group < groups; group++) starts[group + 1]! += starts[group]!;
  const next = starts.slice();
  const others = new Int32Array(2 * later.length);
  const affinities = new Float32Array(2 * later.length);
  let index = 0;
  for (let group = 0; group < groups; group++) {
    let own = next[group]!;
    for (const end = index + counts[group]!; index < end; index++) {
      const other = later[index]!;
      others[own] = other;
      affinities[own++] = between[index]!;
      const at = next[other]!++;
      others[at] = group;
      affinities[at] = between[index]!;
    }
  }
  return { starts, others, affinities };
}
