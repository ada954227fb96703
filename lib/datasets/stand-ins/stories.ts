/** Contiguous text made in code, for runs that only show that everything works: no figure comes from it. */
import { randomStream } from '../../numerics/random.ts';
import { deeds, people, places, weathers } from './simple-english.ts';

/** Stories in which one person stays in one place for some sentences: a sentence tells something of its neighbours. */
export function makeStories(count: number, sentences: number): readonly (readonly string[])[] {
  return Array.from({ length: count }, (_, story) => {
    const random = randomStream(0, 'story', story);
    const pick = (words: readonly string[]) => words[random.uniformInteger(words.length)]!;
    let [person, place] = [pick(people), pick(places)];
    return Array.from({ length: sentences }, () => {
      if (random.uniform() < 0.2) [person, place] = [pick(people), pick(places)];
      return [
        `The ${person} ${pick(deeds)} in the ${place}.`,
        `It is ${pick(weathers)} in the ${place}, and the ${person} ${pick(deeds)}.`,
        `Does the ${person} know the ${place}?`,
      ][random.uniformInteger(3)]!;
    });
  });
}
