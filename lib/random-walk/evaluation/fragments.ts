/** Fragments of a segmentation: how many connected pieces its classes fall into. */
import { type LabelMap, voidLabel } from '../../datasets/label-map.ts';

export interface FragmentCount {
  /** Connected pieces of one label each, over all labels but void. */
  readonly all: number;
  /** Those of fewer pixels than asked for. */
  readonly small: number;
}

/**
 * Pixels that touch with a side or a corner are connected: a diagonal line of one pixel's width, a pole or a wire, is one piece.
 *
 * @param smallBelow pixels below which a piece is small
 */
export function countFragments({ width, height, labels }: LabelMap, smallBelow: number): FragmentCount {
  const seen = Uint8Array.from(labels, (label) => (label === voidLabel ? 1 : 0));
  let [all, small] = [0, 0];
  const stack: number[] = [];
  for (let start = 0; start < labels.length; start++) {
    if (seen[start]) continue;
    seen[start] = 1;
    stack.push(start);
    let pixels = 0;
    while (stack.length > 0) {
      const pixel = stack.pop()!;
      pixels++;
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const neighbour = row * width + column;
          if (seen[neighbour] || labels[neighbour] !== labels[start]) continue;
          seen[neighbour] = 1;
          stack.push(neighbour);
        }
      }
    }
    all++;
    if (pixels < smallBelow) small++;
  }
  return { all, small };
}
