/**
 * Groups of pixels that walk together, and sums of affinities between groups: what lib/random-walk/multigrid/group-pixels.ts makes
 * of an image, whose words these functions use. Groups are numbered by blocks of pixels, in reading order.
 */
import { middle, reach } from './random-walk-window';

/** Pixels along a block's side. */
// @ts-ignore: decorator
@inline
const SIDE: i32 = 3;

/** The largest affinity of each pixel to another, written to `out`. */
export function strongestAffinities(
  affinities: usize, out: usize, height: i32, width: i32, window: usize, radius: i32, places: i32,
): void {
  memory.fill(out, 0, <usize>(height * width) * 4);
  for (let row = 0; row < height; row++) {
    const last = min(radius, height - 1 - row);
    for (let column = 0; column < width; column++) {
      const pixel = out + (<usize>(row * width + column) << 2);
      let own = f32x4.splat(0);
      for (let down = 0; down <= last; down++) {
        const side = reach(window, down);
        const from = down == 0 ? 1 : -min(side, column);
        let count = min(side, width - 1 - column) - from + 1;
        let other = pixel + (<isize>(down * width + from) << 2);
        let at = affinities + (<usize>(middle(window, down) + from) << 2);
        for (; count >= 4; count -= 4) {
          const w = v128.load(at);
          own = f32x4.max(own, w);
          v128.store(other, f32x4.max(v128.load(other), w));
          at += 16;
          other += 16;
        }
        for (; count > 0; count--) {
          const w = load<f32>(at);
          own = f32x4.max(own, f32x4(w, 0, 0, 0));
          store<f32>(other, max(load<f32>(other), w));
          at += 4;
          other += 4;
        }
      }
      const most = max(
        max(f32x4.extract_lane(own, 0), f32x4.extract_lane(own, 1)),
        max(f32x4.extract_lane(own, 2), f32x4.extract_lane(own, 3)),
      );
      store<f32>(pixel, max(load<f32>(pixel), most));
      affinities += <usize>places << 2;
    }
  }
}

/**
 * The group of each pixel, and the first group of each block with the number of groups at the end.
 *
 * @param strongest what `strongestAffinities` wrote
 * @param leastShare of a pixel's largest affinity: what it must have to the middle of a group to join it
 * @param members scratch, SIDE² int32
 * @returns the number of groups
 */
export function groupPixels(
  affinities: usize, inverseDegrees: usize, strongest: usize, leastShare: f32, groups: usize, firstOfBlock: usize,
  members: usize, height: i32, width: i32, window: usize, radius: i32, places: i32,
): i32 {
  let count = 0;
  for (let top = 0; top < height; top += SIDE) {
    for (let left = 0; left < width; left += SIDE) {
      store<i32>(firstOfBlock, count);
      firstOfBlock += 4;
      const size = sortMembers(top, left, height, width, inverseDegrees, members, groups);
      for (let first = 0; first < size; first++) {
        const centre = load<i32>(members + (<usize>first << 2));
        if (load<i32>(groups + (<usize>centre << 2)) >= 0) continue;
        store<i32>(groups + (<usize>centre << 2), count);
        for (let at = first + 1; at < size; at++) {
          const pixel = load<i32>(members + (<usize>at << 2));
          if (load<i32>(groups + (<usize>pixel << 2)) >= 0) continue;
          const w = affinityOf(min(pixel, centre), max(pixel, centre), affinities, width, window, radius, places);
          if (w >= leastShare * load<f32>(strongest + (<usize>pixel << 2))) {
            store<i32>(groups + (<usize>pixel << 2), count);
          }
        }
        count++;
      }
    }
  }
  store<i32>(firstOfBlock, count);
  return count;
}

/** The pixels of a block by degree, the largest first, none of them in a group. Returns how many they are. */
function sortMembers(
  top: i32, left: i32, height: i32, width: i32, inverseDegrees: usize, members: usize, groups: usize,
): i32 {
  let size: usize = 0;
  for (let row = top; row < min(height, top + SIDE); row++) {
    for (let pixel = row * width + left; pixel < row * width + min(width, left + SIDE); pixel++) {
      store<i32>(groups + (<usize>pixel << 2), -1);
      const inverse = load<f32>(inverseDegrees + (<usize>pixel << 2));
      let at = size++;
      for (; at > 0; at--) {
        const before = load<i32>(members + ((at - 1) << 2));
        if (load<f32>(inverseDegrees + (<usize>before << 2)) <= inverse) break;
        store<i32>(members + (at << 2), before);
      }
      store<i32>(members + (at << 2), pixel);
    }
  }
  return <i32>size;
}

/** Of two pixels of a block, the first in reading order first; 0 where they are further apart than neighbours are. */
// @ts-ignore: decorator
@inline
function affinityOf(
  first: i32, second: i32, affinities: usize, width: i32, window: usize, radius: i32, places: i32,
): f32 {
  const rows = second / width - first / width;
  const columns = second - first - rows * width;
  if (rows > radius || abs(columns) > reach(window, rows)) return 0;
  return load<f32>(affinities + (<usize>(first * places + middle(window, rows) + columns) << 2));
}

/** Sums of each group's pixels' degrees, and their number, both f32 [groups]. */
export function measureGroups(
  groups: usize, inverseDegrees: usize, degrees: usize, sizes: usize, pixels: i32, count: i32,
): void {
  memory.fill(degrees, 0, <usize>count * 4);
  memory.fill(sizes, 0, <usize>count * 4);
  for (let pixel: usize = 0; pixel < <usize>pixels; pixel++) {
    const at = <usize>load<i32>(groups + (pixel << 2)) << 2;
    store<f32>(degrees + at, load<f32>(degrees + at) + <f32>1 / load<f32>(inverseDegrees + (pixel << 2)));
    store<f32>(sizes + at, load<f32>(sizes + at) + 1);
  }
}

/**
 * Affinities between the groups of one row of blocks and the groups that come after them, for each group one after the other,
 * those of a share of at least `leastCoupling` of the smaller of both degrees. What is less is added to `inner` of both.
 *
 * @param inner f32 [groups], added to: affinities of a group's pixels to each other, both ways
 * @param sums scratch: all pairs of groups whose blocks are near enough
 * @param slots scratch, int32 [groups of the row, blockReach + 1]: where the sum with group 0 would lie
 * @param counts written, int32 [groups]: how many affinities the group has
 * @param others written: their groups, int32, and `between`, the affinities
 * @returns how many they are together
 */
export function sumBlockRow(
  affinities: usize, groups: usize, firstOfBlock: usize, degrees: usize, leastCoupling: f32, inner: usize, sums: usize,
  slots: usize, counts: usize, others: usize, between: usize, blockRow: i32,
  height: i32, width: i32, window: usize, radius: i32, places: i32,
): i32 {
  const across = (width + SIDE - 1) / SIDE;
  const down = (height + SIDE - 1) / SIDE;
  const blockReach = (radius + SIDE - 1) / SIDE;
  const bands = blockReach + 1;
  const base = load<i32>(firstOfBlock + (<usize>(blockRow * across) << 2));
  let size: i32 = 0;
  for (let block = 0; block < across; block++) {
    const row = firstOfBlock + (<usize>(blockRow * across) << 2);
    const end = load<i32>(row + (<usize>block << 2), 4);
    for (let group = load<i32>(row + (<usize>block << 2)); group < end; group++) {
      for (let rows = 0; rows < bands && blockRow + rows < down; rows++) {
        const other = row + (<usize>(rows * across) << 2);
        const from = rows == 0 ? group : load<i32>(other + (<usize>max(0, block - blockReach) << 2));
        const to = load<i32>(other + (<usize>min(across, block + blockReach + 1) << 2));
        store<i32>(slots + (<usize>((group - base) * bands + rows) << 2), size - from);
        size += to - from;
      }
    }
  }
  memory.fill(sums, 0, <usize>size << 2);
  for (let row = SIDE * blockRow; row < min(height, SIDE * (blockRow + 1)); row++) {
    sumPixelRow(affinities, groups, sums, slots, base, bands, row, height, width, window, radius, places);
  }
  return gather(firstOfBlock, degrees, leastCoupling, inner, sums, slots, counts, others, between, blockRow, across, down, blockReach);
}

function sumPixelRow(
  affinities: usize, groups: usize, sums: usize, slots: usize, base: i32, bands: i32, row: i32,
  height: i32, width: i32, window: usize, radius: i32, places: i32,
): void {
  const last = min(radius, height - 1 - row);
  for (let column = 0; column < width; column++) {
    const pixel = row * width + column;
    const group = load<i32>(groups + (<usize>pixel << 2));
    const ownSlots = slots + (<usize>((group - base) * bands) << 2);
    for (let below = 0; below <= last; below++) {
      const side = reach(window, below);
      const from = below == 0 ? 1 : -min(side, column);
      let count = min(side, width - 1 - column) - from + 1;
      let other = groups + (<usize>(pixel + below * width + from) << 2);
      let at = affinities + (<usize>(pixel * places + middle(window, below) + from) << 2);
      const band = (row + below) / SIDE - row / SIDE;
      const slot = sums + (<isize>load<i32>(ownSlots + (<usize>band << 2)) << 2);
      if (band > 0) {
        for (; count > 0; count--) {
          const sum = slot + (<usize>load<i32>(other) << 2);
          store<f32>(sum, load<f32>(sum) + load<f32>(at));
          other += 4;
          at += 4;
        }
        continue;
      }
      for (; count > 0; count--) {
        const its = load<i32>(other);
        let sum = slot + (<usize>its << 2);
        // Of two groups in a row of blocks, the first keeps their affinity.
        if (its < group) {
          const itsSlot = <isize>load<i32>(slots + (<usize>((its - base) * bands) << 2));
          sum = sums + ((itsSlot + <isize>group) << 2);
        }
        store<f32>(sum, load<f32>(sum) + load<f32>(at));
        other += 4;
        at += 4;
      }
    }
  }
}

function gather(
  firstOfBlock: usize, degrees: usize, leastCoupling: f32, inner: usize, sums: usize, slots: usize, counts: usize,
  others: usize, between: usize, blockRow: i32, across: i32, down: i32, blockReach: i32,
): i32 {
  const row = firstOfBlock + (<usize>(blockRow * across) << 2);
  let at: usize = 0;
  for (let block = 0; block < across; block++) {
    const end = load<i32>(row + (<usize>block << 2), 4);
    for (let group = load<i32>(row + (<usize>block << 2)); group < end; group++) {
      const start = at;
      const own = <usize>group << 2;
      for (let rows = 0; rows <= blockReach && blockRow + rows < down; rows++) {
        const band = row + (<usize>(rows * across) << 2);
        let other = rows == 0 ? group : load<i32>(band + (<usize>max(0, block - blockReach) << 2));
        const to = load<i32>(band + (<usize>min(across, block + blockReach + 1) << 2));
        const slot = sums + (<isize>load<i32>(slots) << 2);
        slots += 4;
        if (rows == 0) {
          store<f32>(inner + own, load<f32>(inner + own) + 2 * load<f32>(slot + own));
          other++;
        }
        for (; other < to; other++) {
          const theirs = <usize>other << 2;
          const sum = load<f32>(slot + theirs);
          if (sum == 0) continue;
          if (sum > leastCoupling * min(load<f32>(degrees + own), load<f32>(degrees + theirs))) {
            store<i32>(others + at, other);
            store<f32>(between + at, sum);
            at += 4;
          } else {
            store<f32>(inner + own, load<f32>(inner + own) + sum);
            store<f32>(inner + theirs, load<f32>(inner + theirs) + sum);
          }
        }
      }
      // Rows of blocks below the image have no slots that were written.
      slots += <usize>max(0, blockRow + blockReach + 1 - down) << 2;
      store<i32>(counts + own, <i32>((at - start) >> 2));
    }
  }
  return <i32>(at >> 2);
}
