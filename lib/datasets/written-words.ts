/** Lines of random words, and letters joined into a line: what the sources share that have single letters only. */
import type { RandomStream } from '../numerics/random.ts';
import type { PenPoint } from './pen-lines.ts';

export const readableLetters = 'abcdefghijklmnopqrstuvwxyz';

export interface LetterShape {
  /** The leftmost edge at x = 0. */
  readonly strokes: readonly (readonly PenPoint[])[];
  /** From its left edge to where the next letter may begin. */
  readonly advance: number;
}

const fewestLetters = 4;
const mostLetters = 7;
/** The paper's lines have more than 25 characters as a rule. */
const fewestCharacters = 25;

/**
 * Words of four to seven letters, each letter as likely as any other: every pair is met, so that any text can be asked for.
 * They have a space between them, and 25 to 32 characters together.
 */
export function randomLine(letters: readonly string[], random: RandomStream): string {
  let line = '';
  while (line.length < fewestCharacters) {
    const length = fewestLetters + random.uniformInteger(mostLetters - fewestLetters + 1);
    const word = Array.from({ length }, () => letters[random.uniformInteger(letters.length)]!).join('');
    line = line === '' ? word : `${line} ${word}`;
  }
  return line;
}

/** What stands for a space: no stroke. */
export function space(advance: number): LetterShape {
  return { strokes: [], advance };
}

/** Letters from left to right, `gap` between them. */
export function joinLetters(letters: readonly LetterShape[], gap: number): readonly (readonly PenPoint[])[] {
  let pen = 0;
  return letters.flatMap(({ strokes, advance }) => {
    const placed = strokes.map((stroke) => stroke.map(({ x, y }) => ({ x: x + pen, y })));
    pen += advance + gap;
    return placed;
  });
}
