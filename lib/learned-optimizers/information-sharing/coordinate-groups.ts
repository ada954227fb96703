/**
 * Which coordinates belong together. A problem is a batch of functions whose parameters lie behind one another in θ;
 * information is shared between the coordinates of one function, never across functions.
 */
export interface CoordinateGroups {
  /** Length of θ. */
  readonly coordinates: number;
  /** Each function's number of coordinates n. */
  readonly sizes: readonly number[];
  /** Where each function's coordinates begin in θ. */
  readonly starts: readonly number[];
}

/** Throws RangeError where a size is not a positive whole number. */
export function groupCoordinates(sizes: readonly number[]): CoordinateGroups {
  let coordinates = 0;
  const starts = sizes.map((size) => {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new RangeError(`A function must have a positive whole number of coordinates, got ${size}.`);
    }
    coordinates += size;
    return coordinates - size;
  });
  return { coordinates, sizes, starts };
}
