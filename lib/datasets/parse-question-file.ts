/**
 * One `.question` file of the CNN corpus (Hermann et al. 2015): five parts with an empty line between them,
 *
 *     URL / passage / question with its @placeholder / answer / one `@entity3:Name` a line
 *
 * where passage, question and answer are tokens with a space between them, names already replaced by `@entity3`.
 */
import { isUtf8 } from 'node:buffer';
import { DatasetCorrupt } from './errors.ts';

export const placeholderToken = '@placeholder';

/** A cloze question. Entities are tokens `@entity0`, `@entity1`, … in passage, question and answer. */
export interface ClozeQuestion {
  readonly passage: readonly string[];
  /** With `@placeholder` where the answer belongs. */
  readonly question: readonly string[];
  /** `@entity3` */
  readonly answer: string;
}

const entityToken = /^@entity(\d{1,6})$/;
const mapEntry = /^(@entity\d{1,6}):/;

/** The number of an entity's token, or undefined where the token is a word. */
export function entityNumber(token: string): number | undefined {
  const match = entityToken.exec(token);
  return match ? Number(match[1]) : undefined;
}

/** @param file how errors call it. Throws DatasetCorrupt, with the line counted from 1. */
export function parseQuestionFile(bytes: Uint8Array, file: string): ClozeQuestion {
  const lines = decodeLines(bytes, file);
  const problem = (line: number, what: string) => new DatasetCorrupt(`${file}, line ${line}`, what);
  // The map's own end needs no empty line, and may have several.
  while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop();
  if (lines.length < 9) {
    throw problem(
      Math.max(1, lines.length),
      `a question has a URL, a passage, a question, an answer and at least one entity, with empty lines between them; this file ends after ${lines.length} of at least 9 lines`,
    );
  }
  for (const line of [2, 4, 6, 8]) {
    if (lines[line - 1]!.trim() !== '') {
      throw problem(line, `an empty line must be here, between two parts; it is '${shorten(lines[line - 1]!)}'`);
    }
  }
  const [passage, question, answers] = [3, 5, 7].map((line) => splitTokens(lines[line - 1]!));
  if (passage!.length === 0) throw problem(3, 'the passage is empty');
  if (!question!.includes(placeholderToken)) throw problem(5, `the question has no ${placeholderToken}`);
  if (answers!.length !== 1) throw problem(7, `the answer must be one entity, and is '${shorten(lines[6]!)}'`);

  const entities = new Set<string>();
  for (let line = 9; line <= lines.length; line++) {
    const name = mapEntry.exec(lines[line - 1]!)?.[1];
    if (name === undefined) {
      throw problem(line, `an entity is written '@entity3:Name', and this is '${shorten(lines[line - 1]!)}'`);
    }
    if (entities.has(name)) throw problem(line, `${name} is there twice`);
    entities.add(name);
  }
  const answer = answers![0]!;
  if (!entities.has(answer)) throw problem(7, `the answer '${shorten(answer)}' is none of the entities from line 9 on`);
  for (const [line, tokens] of [
    [3, passage!],
    [5, question!],
  ] as const) {
    const stranger = tokens.find((token) => entityNumber(token) !== undefined && !entities.has(token));
    if (stranger !== undefined) throw problem(line, `${stranger} is none of the entities from line 9 on`);
  }
  return { passage: passage!, question: question!, answer };
}

/** UTF-8 with either kind of line end. Throws DatasetCorrupt at the first line that is not UTF-8 or has a zero byte, as UTF-16 has. */
function decodeLines(bytes: Uint8Array, file: string): string[] {
  if (isText(bytes)) return new TextDecoder().decode(bytes).split(/\r?\n/);
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    const piece = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (!isText(piece)) break;
    start += piece.length + 1;
  }
  throw new DatasetCorrupt(`${file}, line ${line}`, 'its bytes are not UTF-8 text');
}

function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

function splitTokens(line: string): string[] {
  return line.split(/\s+/).filter((token) => token !== '');
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
