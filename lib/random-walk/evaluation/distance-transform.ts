/**
 * Euclidean distances to the nearest pixel of a set, exact: P. Felzenszwalb and D. Huttenlocher, Distance transforms of
 * sampled functions (2012), algorithm 1, along columns and then along rows. Linear in the number of pixels.
 */

/** Squared distances, [height, width], to the nearest pixel where `mask` is not 0; Infinity everywhere if there is none. */
export function squaredDistances(mask: Uint8Array, width: number, height: number): Float64Array {
  const squares = Float64Array.from(mask, (inside) => (inside ? 0 : Number.POSITIVE_INFINITY));
  const longest = Math.max(width, height);
  const line = new Float64Array(longest);
  const envelope = { vertices: new Int32Array(longest), begins: new Float64Array(longest + 1) };
  for (let x = 0; x < width; x++) transformLine(squares, x, width, height, line, envelope);
  for (let y = 0; y < height; y++) transformLine(squares, y * width, 1, width, line, envelope);
  return squares;
}

/** f(p) ← min_q (p − q)² + f(q): the lower envelope of the parabolas above those q where f is finite. */
function transformLine(
  squares: Float64Array,
  start: number,
  stride: number,
  length: number,
  line: Float64Array,
  { vertices, begins }: { readonly vertices: Int32Array; readonly begins: Float64Array },
): void {
  let last = -1;
  for (let q = 0; q < length; q++) {
    const value = squares[start + q * stride]!;
    line[q] = value;
    if (value === Number.POSITIVE_INFINITY) continue;
    let crossing = Number.NEGATIVE_INFINITY;
    while (last >= 0) {
      const vertex = vertices[last]!;
      crossing = (value + q * q - (line[vertex]! + vertex * vertex)) / (2 * (q - vertex));
      if (crossing > begins[last]!) break;
      last--;
    }
    if (last < 0) crossing = Number.NEGATIVE_INFINITY;
    last++;
    vertices[last] = q;
    begins[last] = crossing;
  }
  if (last < 0) return;
  for (let p = 0, parabola = 0; p < length; p++) {
    while (parabola < last && begins[parabola + 1]! < p) parabola++;
    const vertex = vertices[parabola]!;
    squares[start + p * stride] = (p - vertex) ** 2 + line[vertex]!;
  }
}
