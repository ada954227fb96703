/**
 * Thins lines to one pixel: L. Lam, S.-W. Lee and C. Y. Suen, Thinning methodologies (1992), p. 879, after Z. Guo and
 * R. W. Hall (1989), repeated until nothing changes: what Matlab's `bwmorph(mask, 'thin', Inf)` does, which BSDS500's benchmark
 * calls at every threshold.
 */

/** The thinned mask; `mask` stays as it is. Outside the image is background. */
export function thinBoundaries(mask: Uint8Array, width: number, height: number): Uint8Array {
  // With a frame of background, so that every pixel has eight neighbours.
  const stride = width + 2;
  const framed = new Uint8Array(stride * (height + 2));
  let lines: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      const pixel = (y + 1) * stride + x + 1;
      framed[pixel] = 1;
      lines.push(pixel);
    }
  }
  // x₁ … x₈: E, NE, N, NW, W, SW, S, SE.
  const around = [1, 1 - stride, -stride, -1 - stride, -1, stride - 1, stride, stride + 1];
  for (let removed = 1; removed > 0; ) {
    removed = 0;
    for (const table of [firstTable, secondTable]) {
      const spared: number[] = [];
      const goes: number[] = [];
      for (const pixel of lines) {
        let neighbours = 0;
        for (let place = 0; place < 8; place++) neighbours |= framed[pixel + around[place]!]! << place;
        (table[neighbours] ? goes : spared).push(pixel);
      }
      // All at once, after all were judged.
      for (const pixel of goes) framed[pixel] = 0;
      removed += goes.length;
      lines = spared;
    }
  }
  const thinned = new Uint8Array(mask.length);
  for (const pixel of lines) thinned[(Math.floor(pixel / stride) - 1) * width + (pixel % stride) - 1] = 1;
  return thinned;
}

/** For each of the 256 neighbourhoods: whether the pixel goes, in the first and in the second half of an iteration. */
const firstTable = Uint8Array.from({ length: 256 }, (_, bits) => removable(bits, 0));
const secondTable = Uint8Array.from({ length: 256 }, (_, bits) => removable(bits, 4));

function removable(bits: number, turn: 0 | 4): number {
  const x = (place: number) => (bits >> ((place - 1) % 8)) & 1;
  let crossings = 0;
  let oddPairs = 0;
  let evenPairs = 0;
  for (let k = 1; k <= 4; k++) {
    crossings += (1 - x(2 * k - 1)) & (x(2 * k) | x(2 * k + 1));
    oddPairs += x(2 * k - 1) | x(2 * k);
    evenPairs += x(2 * k) | x(2 * k + 1);
  }
  const fewest = Math.min(oddPairs, evenPairs);
  // G1: one connected piece around it. G2: neither an end nor inside. G3: at the south-east, or turned by 180°, the north-west.
  const side = (x(2 + turn) | x(3 + turn) | (1 - x(8 + turn))) & x(1 + turn);
  return crossings === 1 && (fewest === 2 || fewest === 3) && side === 0 ? 1 : 0;
}
