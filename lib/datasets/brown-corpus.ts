/**
 * The Brown corpus (Francis & Kučera 1964) as it is distributed: a file a text, named by genre and number (`ca01` to `cr09`),
 * a sentence a line, every word with its part of speech behind a slash: `The/at jury/nn said/vbd ./.`
 */
import { basename } from 'node:path';
import { DatasetCorrupt } from './errors.ts';
import { atLine, type TextLine } from './text-lines.ts';
import { tokenize } from './tokenize.ts';

export function isBrownText(path: string): boolean {
  return /^c[a-r]\d\d$/.test(basename(path));
}

/** The sentences' words without their parts of speech. Throws DatasetCorrupt where a word has none. */
export function parseBrownText(lines: readonly TextLine[], file: string): readonly (readonly string[])[] {
  return lines.flatMap(({ number, text }) => {
    const words = text.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) return [];
    const plain = words.map((tagged) => {
      const slash = tagged.lastIndexOf('/');
      if (slash < 1) {
        throw new DatasetCorrupt(
          atLine(file, number),
          `a word must have its part of speech behind a slash, and '${tagged}' has none`,
        );
      }
      return tagged.slice(0, slash);
    });
    // ``quotation marks'' → "quotation marks"
    return [tokenize(plain.join(' ').replace(/``/g, '"'))];
  });
}
