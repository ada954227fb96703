/** A family that draws each problem from one of several families, each as likely. */
import { randomStream } from '../../numerics/random.ts';
import type { ProblemFamily } from './problem.ts';

/** All must have the same coordinates, tensor by tensor: one optimizer network serves them. Throws RangeError. */
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
      const member = randomStream(seed, ...names, 'member').uniformInteger(families.length);
      return families[member]!.sample(seed, ...names);
    },
  };
}
