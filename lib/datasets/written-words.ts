/** Words of random letters, and letters joined into a line: what the sources share that have single letters only. */
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

/** Four to seven letters, each as likely as any other: every pair is met, so that any text can be asked for. */
export function randomWord(letters: readonly string[], random: RandomStream): string {
  const length = fewestLetters + random.uniformInteger(mostLetters - fewestLetters + 1);
  return Array.from({ length }, () => letters[random.uniformInteger(letters.length)]!).join('');
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
