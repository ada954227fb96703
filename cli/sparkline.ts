/** A curve in a line of text. */
const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** At most `width` blocks from the least to the greatest value; values that are not finite are a gap. */
export function sparkline(values: readonly number[], width: number): string {
  const thinned = thin(values, width);
  const finite = thinned.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const least = Math.min(...finite);
  const range = Math.max(...finite) - least;
  return thinned
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      return blocks[range === 0 ? 3 : Math.min(7, Math.floor((8 * (value - least)) / range))];
    })
    .join('');
}

/** Means of so many equal stretches. */
export function thin(values: readonly number[], count: number): readonly number[] {
  if (values.length <= count) return values;
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * values.length) / count);
    const stretch = values.slice(from, Math.floor(((index + 1) * values.length) / count));
    return stretch.reduce((sum, value) => sum + value, 0) / stretch.length;
  });
}
