/** Pairs of sentences made in code, whose relatedness is the share of content words that they have in common. */
import { randomStream } from '../../numerics/random.ts';
import { deeds, people, places } from './simple-english.ts';

export function makeRelatedPairs(
  split: string,
  count: number,
): readonly { readonly first: string; readonly second: string; readonly relatedness: number }[] {
  return Array.from({ length: count }, (_, index) => {
    const random = randomStream(0, 'related pair', split, index);
    const pick = (words: readonly string[]) => words[random.uniformInteger(words.length)]!;
    const one = [pick(people), pick(deeds), pick(places)] as const;
    const isKept = one.map(() => random.uniform() < 0.5);
    const other = [people, deeds, places].map((words, place) => (isKept[place] ? one[place]! : pick(words)));
    const shared = one.filter((word, place) => word === other[place]).length;
    const write = ([person, deed, place]: readonly string[]) => `The ${person} ${deed} in the ${place}`;
    return { first: write(one), second: write(other), relatedness: Math.round(10 + (40 * shared) / 3) / 10 };
  });
}
