/** Cosines of the angles between vectors; 0 where one has no direction. */
export function cosineSimilarities(vectors: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const norms = vectors.map((vector) => Math.hypot(...vector));
  return vectors.map((a, row) =>
    vectors.map((b, column) => {
      const size = norms[row]! * norms[column]!;
      return size === 0 ? 0 : a.reduce((sum, value, index) => sum + value * b[index]!, 0) / size;
    }),
  );
}
