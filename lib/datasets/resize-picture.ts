/** Makes pictures smaller, by averaging the area under each new pixel: no ringing, and the mean colour stays. */
import type { Picture } from './decode-picture.ts';

/** Part of a picture: its top left corner and its size, in pixels. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The region at another size, at most its own. Fractions of pixels count as such. */
export function resizeRegion(picture: Picture, region: Region, width: number, height: number): Picture {
  const columns = coverage(region.x, region.width, width);
  const rows = coverage(region.y, region.height, height);
  const rgb = new Uint8Array(3 * width * height);
  const area = (region.width / width) * (region.height / height);
  for (const [y, covered] of rows.entries()) {
    for (const [x, across] of columns.entries()) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = 0; row < covered.weights.length; row++) {
        let from = 3 * ((covered.first + row) * picture.width + across.first);
        for (let column = 0; column < across.weights.length; column++, from += 3) {
          const weight = covered.weights[row]! * across.weights[column]!;
          red += weight * picture.rgb[from]!;
          green += weight * picture.rgb[from + 1]!;
          blue += weight * picture.rgb[from + 2]!;
        }
      }
      const to = 3 * (y * width + x);
      rgb[to] = Math.round(red / area);
      rgb[to + 1] = Math.round(green / area);
      rgb[to + 2] = Math.round(blue / area);
    }
  }
  return { width, height, rgb };
}

/** For each new pixel along an axis: the first old one that it covers, and how much of it and of those after it. */
function coverage(start: number, length: number, count: number) {
  const step = length / count;
  return Array.from({ length: count }, (_, index) => {
    const begin = start + index * step;
    const end = begin + step;
    const first = Math.floor(begin);
    const last = Math.max(first, Math.ceil(end - 1e-9) - 1);
    const weights = Array.from(
      { length: last - first + 1 },
      (_, offset) => Math.min(end, first + offset + 1) - Math.max(begin, first + offset),
    );
    return { first, weights };
  });
}

/** The largest square in the picture's middle. */
export function middleSquare({ width, height }: Pick<Picture, 'width' | 'height'>): Region {
  const side = Math.min(width, height);
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), width: side, height: side };
}
