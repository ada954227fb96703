/**
 * The Euclidean loss of affinities to {0, 1}, whether two pixels have the same label (arXiv 1605.07681, §4.2), and its gradient.
 * Pairs of which a label is unknown, or that leave the image, do not count, and their affinities are not looked at.
 *
 * Labels are int32 [height][radius + width + radius + 4], the label that says nothing in the margins: neighbours beside the image
 * are read like others, four at a time. See random-walk-window.ts for `window` and where an affinity lies.
 */
import { loadLanes, middle, reach, storeLanes } from './random-walk-window';

// @ts-ignore: decorator
@inline
function labelsPerRow(width: i32, radius: i32): i32 {
  return width + 2 * radius + 4;
}

/** All ones in the lanes below `count` whose two labels are known. */
// @ts-ignore: decorator
@inline
function knownPairs(own: v128, other: v128, ignored: v128, count: i32): v128 {
  const known = v128.and(i32x4.ne(own, ignored), i32x4.ne(other, ignored));
  return count >= 4 ? known : v128.and(known, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

/** w − [same label]. */
// @ts-ignore: decorator
@inline
function difference(w: v128, own: v128, other: v128): v128 {
  return f32x4.sub(w, v128.and(i32x4.eq(own, other), f32x4.splat(1)));
}

// @ts-ignore: decorator
@inline
function loadUpToFour(from: usize, count: i32): v128 {
  return count >= 4 ? v128.load(from) : loadLanes(from, count);
}

/** How many pairs count. */
export function countKnownPairs(
  labels: usize, ignoredLabel: i32, height: i32, width: i32, window: usize, radius: i32,
): f64 {
  const perRow = labelsPerRow(width, radius);
  const ignored = i32x4.splat(ignoredLabel);
  let pairs: f64 = 0;
  for (let row = 0; row < height; row++) {
    const last = min(radius, height - 1 - row);
    let counts = i32x4.splat(0);
    for (let column = 0; column < width; column++) {
      const pixel = labels + <usize>(row * perRow + radius + column) * 4;
      if (load<i32>(pixel) == ignoredLabel) continue;
      const own = v128.load32_splat(pixel);
      for (let down = 0; down <= last; down++) {
        const side = reach(window, down);
        const from = down == 0 ? 1 : -side;
        let neighbour = pixel + <usize>((down * perRow + from) * 4);
        for (let count = side - from + 1; count > 0; count -= 4) {
          counts = i32x4.sub(counts, knownPairs(own, v128.load(neighbour), ignored, count));
          neighbour += 16;
        }
      }
    }
    pairs += <f64>(
      i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1) +
      i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3)
    );
  }
  return pairs;
}

/** Σ (w − [same label])² over the pairs that count: of a pixel's in float32, of the pixels in float64. */
export function squaredDifferences(
  affinities: usize, labels: usize, ignoredLabel: i32, height: i32, width: i32, window: usize, radius: i32, places: i32,
): f64 {
  const perRow = labelsPerRow(width, radius);
  const ignored = i32x4.splat(ignoredLabel);
  let total: f64 = 0;
  for (let row = 0; row < height; row++) {
    const last = min(radius, height - 1 - row);
    for (let column = 0; column < width; column++) {
      const pixel = labels + <usize>(row * perRow + radius + column) * 4;
      const own = v128.load32_splat(pixel);
      let squares = f32x4.splat(0);
      if (load<i32>(pixel) != ignoredLabel) {
        for (let down = 0; down <= last; down++) {
          const side = reach(window, down);
          const from = down == 0 ? 1 : -side;
          let neighbour = pixel + <usize>((down * perRow + from) * 4);
          let at = affinities + <usize>((middle(window, down) + from) * 4);
          for (let count = side - from + 1; count > 0; count -= 4) {
            const other = v128.load(neighbour);
            const away = difference(loadUpToFour(at, count), own, other);
            const counted = v128.and(knownPairs(own, other, ignored, count), away);
            squares = f32x4.add(squares, f32x4.mul(counted, counted));
            neighbour += 16;
            at += 16;
          }
        }
      }
      const halves = f64x2.add(
        f64x2.promote_low_f32x4(squares),
        f64x2.promote_low_f32x4(v128.shuffle<i32>(squares, squares, 2, 3, 2, 3)),
      );
      total += f64x2.extract_lane(halves, 0) + f64x2.extract_lane(halves, 1);
      affinities += <usize>places << 2;
    }
  }
  return total;
}

/** out = scale · (w − [same label]) of the pairs that count, 0 of the others. */
export function affinityLossGradient(
  affinities: usize, labels: usize, ignoredLabel: i32, out: usize, scale: f32, height: i32, width: i32, window: usize,
  radius: i32, places: i32,
): void {
  const perRow = labelsPerRow(width, radius);
  const ignored = i32x4.splat(ignoredLabel);
  const factor = f32x4.splat(scale);
  const pixelBytes = <usize>places << 2;
  for (let row = 0; row < height; row++) {
    const last = min(radius, height - 1 - row);
    for (let column = 0; column < width; column++) {
      const pixel = labels + <usize>(row * perRow + radius + column) * 4;
      const own = v128.load32_splat(pixel);
      if (last < radius) memory.fill(out, 0, pixelBytes);
      for (let down = 0; down <= last; down++) {
        const side = reach(window, down);
        const from = down == 0 ? 1 : -side;
        let neighbour = pixel + <usize>((down * perRow + from) * 4);
        const offset = <usize>((middle(window, down) + from) * 4);
        let at = affinities + offset;
        let to = out + offset;
        for (let count = side - from + 1; count > 0; count -= 4) {
          const other = v128.load(neighbour);
          const away = f32x4.mul(factor, difference(loadUpToFour(at, count), own, other));
          storeLanes(to, v128.and(knownPairs(own, other, ignored, count), away), min(4, count));
          neighbour += 16;
          at += 16;
          to += 16;
        }
      }
      affinities += pixelBytes;
      out += pixelBytes;
    }
  }
}
