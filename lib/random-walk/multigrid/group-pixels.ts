/**
 * Groups of pixels that walk together, and the walk between the groups. A block of 3 × 3 pixels is a group, or as many as it has
 * parts that affinities keep apart: an error that the walk's own steps reduce slowly is nearly constant where affinities are
 * large, so that constants in groups come near it, however small the part and whatever shape it has.
 */
import type { PixelGrid } from '../neighbourhood.ts';

/** The walk between groups is D − αW with D the sums of degrees in groups, and W those of affinities between them. */
export interface GroupedWalk {
  /** Σ d of each group. */
  readonly degrees: Float64Array;
  /** Affinities of each group's pixels to each other, both ways, and to themselves. */
  readonly inner: Float64Array;
  /** Pixels of each group. */
  readonly sizes: Float64Array;
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

/** Within the radius of a walk with R = 5, whose own steps then smooth what constants in groups leave rough. */
const blockSide = 3;

/**
 * A pixel joins another's group if its affinity to it is at least this share of its largest to any: relative, because pixels
 * that have little affinity to all can still have most of it to each other.
 */
const leastShare = 0.3;

/** Scratch of one image. */
interface Pixels extends PixelGrid {
  /** [pixels, offsets] */
  readonly affinities: Float32Array;
  readonly inverseDegrees: Float32Array;
}

/**
 * The group of each pixel, written to `groupOf`. Groups are numbered by blocks, in reading order.
 *
 * @returns the first group of each block, and the number of groups at the end
 */
export function groupPixels(pixels: Pixels, groupOf: Int32Array): Int32Array {
  const { height, width, neighbourhood, affinities, inverseDegrees } = pixels;
  const strongest = strongestAffinities(pixels);
  const places = neighbourhood.offsets.length;
  const placeOf = placesWithinBlock(pixels);
  const blocksAcross = Math.ceil(width / blockSide);
  const firstOfBlock = new Int32Array(blocksAcross * Math.ceil(height / blockSide) + 1);
  const members = new Int32Array(blockSide * blockSide);
  let groups = 0;
  let block = 0;
  for (let top = 0; top < height; top += blockSide) {
    const bottom = Math.min(height, top + blockSide);
    for (let left = 0; left < width; left += blockSide) {
      const right = Math.min(width, left + blockSide);
      firstOfBlock[block++] = groups;
      let count = 0;
      for (let row = top; row < bottom; row++) {
        for (let pixel = row * width + left; pixel < row * width + right; pixel++) {
          groupOf[pixel] = -1;
          // By degree, the largest first: a group gathers around a pixel that has much in common with its surroundings.
          let at = count++;
          const inverse = inverseDegrees[pixel]!;
          for (; at > 0 && inverseDegrees[members[at - 1]!]! > inverse; at--) members[at] = members[at - 1]!;
          members[at] = pixel;
        }
      }
      for (let first = 0; first < count; first++) {
        const centre = members[first]!;
        if (groupOf[centre]! >= 0) continue;
        groupOf[centre] = groups;
        for (let at = first + 1; at < count; at++) {
          const pixel = members[at]!;
          if (groupOf[pixel]! >= 0) continue;
          const [before, after] = pixel < centre ? [pixel, centre] : [centre, pixel];
          const rows = Math.floor(after / width) - Math.floor(before / width);
          const place = placeOf[rows * (2 * blockSide - 1) + (after - before - rows * width) + blockSide - 1]!;
          const affinity = place < 0 ? 0 : affinities[before * places + place]!;
          if (affinity >= leastShare * strongest[pixel]!) groupOf[pixel] = groups;
        }
        groups++;
      }
    }
  }
  firstOfBlock[block] = groups;
  return firstOfBlock;
}

/** The place of each offset within a block, by rows and columns + blockSide − 1; −1 for offsets that no pair has. */
function placesWithinBlock({ neighbourhood }: PixelGrid): Int32Array {
  const places = new Int32Array(blockSide * (2 * blockSide - 1)).fill(-1);
  for (const [place, { rows, columns }] of neighbourhood.offsets.entries()) {
    if (rows < blockSide && Math.abs(columns) < blockSide) {
      places[rows * (2 * blockSide - 1) + columns + blockSide - 1] = place;
    }
  }
  return places;
}

/** The runs of columns that a neighbourhood's rows are: from the first to the last, and the place of the one straight below. */
function runsOf({ neighbourhood: { offsets } }: PixelGrid) {
  const runs: { rows: number; first: number; last: number; middle: number }[] = [];
  for (const [place, { rows, columns }] of offsets.entries()) {
    const run = runs.at(-1);
    if (run?.rows === rows) run.last = columns;
    else runs.push({ rows, first: columns, last: columns, middle: place - columns });
  }
  return runs;
}

/** The largest affinity of each pixel to another. */
function strongestAffinities(pixels: Pixels): Float32Array {
  const { height, width, neighbourhood, affinities } = pixels;
  const places = neighbourhood.offsets.length;
  const strongest = new Float32Array(height * width);
  for (const { rows, first, last, middle } of runsOf(pixels)) {
    for (let row = 0; row + rows < height; row++) {
      for (let column = 0; column < width; column++) {
        const pixel = row * width + column;
        const from = Math.max(first, -column);
        const end = Math.min(last, width - 1 - column);
        let own = strongest[pixel]!;
        let at = pixel * places + middle + from;
        for (let other = pixel + rows * width + from; other <= pixel + rows * width + end; other++, at++) {
          const affinity = affinities[at]!;
          if (affinity > own) own = affinity;
          if (affinity > strongest[other]!) strongest[other] = affinity;
        }
        strongest[pixel] = own;
      }
    }
  }
  return strongest;
}

/**
 * The walk between groups.
 *
 * @param groupOf what `groupPixels` wrote, and `firstOfBlock` what it returned
 */
export function walkBetweenGroups(pixels: Pixels, groupOf: Int32Array, firstOfBlock: Int32Array): GroupedWalk {
  const { height, width, neighbourhood, affinities, inverseDegrees } = pixels;
  const groups = firstOfBlock.at(-1)!;
  const blocksAcross = Math.ceil(width / blockSide);
  const reach = Math.ceil(neighbourhood.radius / blockSide);
  const bands = bandsOf(firstOfBlock, blocksAcross, Math.ceil(height / blockSide), reach);
  const { sums, slots } = bands;
  const degrees = new Float64Array(groups);
  const sizes = new Float64Array(groups);
  for (let pixel = 0; pixel < groupOf.length; pixel++) {
    degrees[groupOf[pixel]!]! += 1 / inverseDegrees[pixel]!;
    sizes[groupOf[pixel]!]! += 1;
  }
  const places = neighbourhood.offsets.length;
  const runs = runsOf(pixels);
  for (let row = 0; row < height; row++) {
    const blockRow = Math.floor(row / blockSide);
    for (const { rows, first, last, middle } of runs) {
      if (row + rows >= height) break;
      const down = Math.floor((row + rows) / blockSide) - blockRow;
      for (let column = 0; column < width; column++) {
        const pixel = row * width + column;
        const group = groupOf[pixel]!;
        const slot = slots[group * (reach + 1) + down]!;
        const from = Math.max(first, -column);
        const end = pixel + rows * width + Math.min(last, width - 1 - column);
        let at = pixel * places + middle + from;
        if (down > 0) {
          for (let other = pixel + rows * width + from; other <= end; other++) {
            sums[slot + groupOf[other]!]! += affinities[at++]!;
          }
          continue;
        }
        for (let other = pixel + rows * width + from; other <= end; other++) {
          const its = groupOf[other]!;
          // Of two groups in a row of blocks, the first keeps their affinity.
          sums[its >= group ? slot + its : slots[its * (reach + 1)]! + group]! += affinities[at++]!;
        }
      }
    }
  }
  return {
    ...{ degrees, sizes, firstOfBlock, blocksAcross, blockSide },
    ...rowsOf(bands, degrees, sizes),
  };
}

/** Sums of affinities of each group to those that come after it, block row by block row, as far as its pixels' neighbours lie. */
interface Bands {
  readonly sums: Float32Array;
  /** [groups, rows of blocks]: where the sum with group 0 would lie. */
  readonly slots: Int32Array;
  /** [groups, rows of blocks, 2]: the first group of a band, and the one after its last. */
  readonly ranges: Int32Array;
}

function bandsOf(firstOfBlock: Int32Array, across: number, down: number, reach: number): Bands {
  const groups = firstOfBlock.at(-1)!;
  const slots = new Int32Array(groups * (reach + 1));
  const ranges = new Int32Array(2 * groups * (reach + 1));
  let size = 0;
  for (let blockRow = 0, block = 0; blockRow < down; blockRow++) {
    for (let blockColumn = 0; blockColumn < across; blockColumn++, block++) {
      for (let group = firstOfBlock[block]!; group < firstOfBlock[block + 1]!; group++) {
        for (let rows = 0; rows <= reach && blockRow + rows < down; rows++) {
          const start = (blockRow + rows) * across;
          const from = rows === 0 ? group : firstOfBlock[start + Math.max(0, blockColumn - reach)]!;
          const end = firstOfBlock[start + Math.min(across, blockColumn + reach + 1)]!;
          const band = group * (reach + 1) + rows;
          slots[band] = size - from;
          ranges[2 * band] = from;
          ranges[2 * band + 1] = end;
          size += end - from;
        }
      }
    }
  }
  return { sums: new Float32Array(size), slots, ranges };
}

/** Affinities of groups that are a smaller share of both their degrees count as the groups' own: a third of all are. */
const leastCoupling = 3e-4;

/** The sparse symmetric matrix that has the bands' sums on both sides of its diagonal. */
function rowsOf({ sums, slots, ranges }: Bands, degrees: Float64Array, sizes: Float64Array) {
  const groups = degrees.length;
  const bandsEach = slots.length / groups;
  const inner = new Float64Array(groups);
  const starts = new Int32Array(groups + 1);
  for (let group = 0; group < groups; group++) {
    inner[group]! += sizes[group]! + 2 * sums[slots[group * bandsEach]! + group]!;
    for (let band = group * bandsEach; band < (group + 1) * bandsEach; band++) {
      for (let other = Math.max(group + 1, ranges[2 * band]!); other < ranges[2 * band + 1]!; other++) {
        const sum = sums[slots[band]! + other]!;
        if (sum > leastCoupling * Math.min(degrees[group]!, degrees[other]!)) {
          starts[group + 1]!++;
          starts[other + 1]!++;
        } else {
          sums[slots[band]! + other] = 0;
          inner[group]! += sum;
          inner[other]! += sum;
        }
      }
    }
  }
  for (let group = 0; group < groups; group++) starts[group + 1]! += starts[group]!;
  const next = starts.slice();
  const others = new Int32Array(starts[groups]!);
  const affinities = new Float32Array(starts[groups]!);
  for (let group = 0; group < groups; group++) {
    for (let band = group * bandsEach; band < (group + 1) * bandsEach; band++) {
      for (let other = Math.max(group + 1, ranges[2 * band]!); other < ranges[2 * band + 1]!; other++) {
        const sum = sums[slots[band]! + other]!;
        if (sum > 0) {
          others[next[group]!] = other;
          affinities[next[group]!++] = sum;
          others[next[other]!] = group;
          affinities[next[other]!++] = sum;
        }
      }
    }
  }
  return { inner, starts, others, affinities };
}
