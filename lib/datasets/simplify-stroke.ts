/** Fewer points for the same shape: the algorithm of Ramer (1972) and of Douglas and Peucker (1973). */
import type { PenPoint } from './pen-lines.ts';

/**
 * Keeps both ends and every point that lies further than `tolerance` from the chord of its neighbours among the kept
 * ones; Ha and Eck (2017) prepare drawings for a sequence model with it.
 */
export function simplifyStroke(points: readonly PenPoint[], tolerance: number): readonly PenPoint[] {
  if (points.length <= 2) return points;
  const kept = new Uint8Array(points.length);
  kept[0] = kept[points.length - 1] = 1;
  const open: [number, number][] = [[0, points.length - 1]];
  for (let range = open.pop(); range; range = open.pop()) {
    const [first, last] = range;
    let furthest = 0;
    let distance = tolerance;
    for (let index = first + 1; index < last; index++) {
      const own = distanceToChord(points[index]!, points[first]!, points[last]!);
      if (own > distance) [furthest, distance] = [index, own];
    }
    if (furthest === 0) continue;
    kept[furthest] = 1;
    open.push([first, furthest], [furthest, last]);
  }
  return points.filter((_, index) => kept[index]);
}

/** To the segment, not to the line through it: a stroke may come back to where it began. */
function distanceToChord(point: PenPoint, from: PenPoint, to: PenPoint): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / length;
  const along = Math.min(1, Math.max(0, share));
  return Math.hypot(point.x - from.x - along * dx, point.y - from.y - along * dy);
}
