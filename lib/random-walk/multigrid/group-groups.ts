/** Groups of groups: the next, smaller walk (see group-pixels.ts), of blocks of 2 × 2 blocks. */
import type { GroupedWalk } from './group-pixels.ts';

const blocksAlong = 2;

/** As of pixels: affinities here are means over the other group's pixels, so that large groups do not attract by their size. */
const leastShare = 0.3;

/** @returns the smaller walk, and the group in it of each group of the larger one */
export function groupGroups(walk: GroupedWalk): { readonly smaller: GroupedWalk; readonly parents: Int32Array } {
  const { parents, firstOfBlock, blocksAcross } = formGroups(walk);
  const groups = firstOfBlock.at(-1)!;
  const [degrees, inner, sizes] = [new Float32Array(groups), new Float32Array(groups), new Float32Array(groups)];
  for (const [group, parent] of parents.entries()) {
    degrees[parent]! += walk.degrees[group]!;
    inner[parent]! += walk.inner[group]!;
    sizes[parent]! += walk.sizes[group]!;
  }
  const rows = sumRows(walk, parents, inner);
  const blockSide = blocksAlong * walk.blockSide;
  return { parents, smaller: { degrees, inner, sizes, ...rows, firstOfBlock, blocksAcross, blockSide } };
}

function formGroups(walk: GroupedWalk) {
  const { degrees, sizes, starts, others, affinities } = walk;
  const strongest = new Float32Array(degrees.length);
  for (let group = 0; group < degrees.length; group++) {
    let most = 0;
    for (let at = starts[group]!; at < starts[group + 1]!; at++) {
      const mean = affinities[at]! / sizes[others[at]!]!;
      if (mean > most) most = mean;
    }
    strongest[group] = most;
  }
  const parents = new Int32Array(degrees.length).fill(-1);
  const down = (walk.firstOfBlock.length - 1) / walk.blocksAcross;
  const across = Math.ceil(walk.blocksAcross / blocksAlong);
  const firstOfBlock = new Int32Array(across * Math.ceil(down / blocksAlong) + 1);
  const blockOf = new Int32Array(degrees.length).fill(-1);
  let groups = 0;
  for (let block = 0; block < firstOfBlock.length - 1; block++) {
    firstOfBlock[block] = groups;
    const members = membersOf(walk, blocksAlong * Math.floor(block / across), blocksAlong * (block % across));
    for (const member of members) blockOf[member] = block;
    members.sort((a, b) => degrees[b]! - degrees[a]! || a - b);
    for (const centre of members) {
      if (parents[centre]! >= 0) continue;
      parents[centre] = groups;
      for (let at = starts[centre]!; at < starts[centre + 1]!; at++) {
        const other = others[at]!;
        if (blockOf[other] !== block || parents[other]! >= 0) continue;
        if (affinities[at]! / sizes[centre]! >= leastShare * strongest[other]!) parents[other] = groups;
      }
      groups++;
    }
  }
  firstOfBlock[firstOfBlock.length - 1] = groups;
  return { parents, firstOfBlock, blocksAcross: across };
}

/** The groups of the blocks that become one. */
function membersOf({ firstOfBlock, blocksAcross }: GroupedWalk, top: number, left: number): number[] {
  const members: number[] = [];
  for (let row = top; row < top + blocksAlong && row * blocksAcross < firstOfBlock.length - 1; row++) {
    const first = firstOfBlock[row * blocksAcross + left]!;
    const end = firstOfBlock[row * blocksAcross + Math.min(blocksAcross, left + blocksAlong)]!;
    for (let group = first; group < end; group++) members.push(group);
  }
  return members;
}

/** Sums of the rows of affinities by the groups of both ends. Those within a group are added to `inner`. */
function sumRows({ degrees, starts, others, affinities }: GroupedWalk, parents: Int32Array, inner: Float32Array) {
  const groups = inner.length;
  // The members of each group, by counting.
  const firstMember = new Int32Array(groups + 1);
  for (const parent of parents) firstMember[parent + 1]!++;
  for (let group = 0; group < groups; group++) firstMember[group + 1]! += firstMember[group]!;
  const members = new Int32Array(degrees.length);
  const next = firstMember.slice();
  for (const [group, parent] of parents.entries()) members[next[parent]!++] = group;

  const sums = new Float32Array(groups);
  const found = new Int32Array(groups);
  const ownStarts = new Int32Array(groups + 1);
  const ownOthers = new Int32Array(others.length);
  const ownAffinities = new Float32Array(others.length);
  let size = 0;
  for (let group = 0; group < groups; group++) {
    let count = 0;
    for (let member = firstMember[group]!; member < firstMember[group + 1]!; member++) {
      for (let at = starts[members[member]!]!; at < starts[members[member]! + 1]!; at++) {
        const parent = parents[others[at]!]!;
        if (sums[parent] === 0) found[count++] = parent;
        sums[parent]! += affinities[at]!;
      }
    }
    for (let index = 0; index < count; index++) {
      const parent = found[index]!;
      if (parent === group) {
        inner[group]! += sums[parent]!;
      } else {
        ownOthers[size] = parent;
        ownAffinities[size++] = sums[parent]!;
      }
      sums[parent] = 0;
    }
    ownStarts[group + 1] = size;
  }
  return { starts: ownStarts, others: ownOthers.slice(0, size), affinities: ownAffinities.slice(0, size) };
}
