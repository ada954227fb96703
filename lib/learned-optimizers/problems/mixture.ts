/**
 * A family of problems from several families in turn: problem k of a series, where k is the last of its names, is of family
 * k mod n. In turn rather than at random, so that a validation of few problems has all kinds alike.
 */
import type { ProblemFamily } from './problem.ts';

/**
 * All must have the same coordinates, tensor by tensor: one optimizer network serves them. Throws RangeError, and so does
 * sampling without a number.
 */
export function mixFamilies(families: readonly ProblemFamily[]): ProblemFamily {
  const [first, ...others] = families;
  if (!first) throw new RangeError('A mixture needs at least one family of problems.');
  for (const { coordinates, tensors } of others) {
    if (coordinates !== first.coordinates || tensors.length !== first.tensors.length) {
      throw new RangeError(
        `The families of a mixture must have the same coordinates: ${first.coordinates} in ${first.tensors.length} tensors, got ${coordinates} in ${tensors.length}.`,
      );
    }
  }
  return {
    ...first,
    sample(seed, ...names) {
      const number = names.at(-1);
      if (typeof number !== 'number') {
        throw new RangeError(
          `A problem of a mixture is named by its number in the series last, got ${JSON.stringify(names)}.`,
        );
      }
      return families[number % families.length]!.sample(seed, ...names);
    },
  };
}
