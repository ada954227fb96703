/** Sentences of two classes made in code: one word in each comes from the class's own half of the weathers. */
import { randomStream } from '../../numerics/random.ts';
import { deeds, people, places, weathers } from './simple-english.ts';

export function makePolarSentences(task: string, label: 0 | 1, count: number): readonly string[] {
  const half = weathers.length / 2;
  const own = weathers.slice(label * half, (label + 1) * half);
  return Array.from({ length: count }, (_, index) => {
    const random = randomStream(0, 'polar sentence', task, label, index);
    const pick = (words: readonly string[]) => words[random.uniformInteger(words.length)]!;
    return `it is ${pick(own)} in the ${pick(places)} , and the ${pick(people)} ${pick(deeds)} .`;
  });
}
