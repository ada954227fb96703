/** Lines in an invented script, for runs that only show that everything works: no figure comes from them. */
import { randomStream } from '../../numerics/random.ts';
import type { DrawnLine } from '../pen-lines.ts';
import { joinLetters, type LetterShape, randomLine, readableLetters, space } from '../written-words.ts';

const writers = 8;
const linesPerWriter = 12;

/** Each letter is a zigzag of its own in one or two strokes; eight writers write it at a width of their own, unsteadily. */
export function makeZigzagLines(): readonly DrawnLine[] {
  const letters = new Map([...readableLetters].map((letter) => [letter, makeLetter(letter)]));
  return Array.from({ length: writers * linesPerWriter }, (_, index) => {
    const random = randomStream(0, 'zigzag line', index);
    const writer = index % writers;
    const text = randomLine([...readableLetters], random);
    const strokes = joinLetters(
      [...text].map((letter) => letters.get(letter) ?? space(0.4)),
      0.4,
    ).map((stroke) =>
      stroke.map(({ x, y }) => ({
        x: (0.8 + 0.05 * writer) * x + 0.03 * random.normal(),
        y: y + 0.03 * random.normal(),
      })),
    );
    return { text, group: `writer ${writer}`, strokes };
  });
}

function makeLetter(letter: string): LetterShape {
  const random = randomStream(0, 'zigzag letter', letter);
  const stroke = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ x: (0.8 * index) / (count - 1), y: random.uniform() }));
  return { strokes: random.uniform() < 0.5 ? [stroke(5)] : [stroke(3), stroke(3)], advance: 0.8 };
}
