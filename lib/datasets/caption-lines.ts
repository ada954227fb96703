/** Captions as order-embeddings' authors publish them: text, one caption a line, its words separated by blanks. */
import { DatasetCorrupt } from './errors.ts';

/** A longer one is no sentence: two files run together, or a line end that was lost. */
const mostWords = 500;

/**
 * The captions of a file, in its order, their words separated by single blanks. A byte order mark, carriage returns and
 * a last line without an end are taken; an empty line is not, because every caption's place says which picture it is of.
 * Throws DatasetCorrupt, naming the line.
 */
export function parseCaptionLines(bytes: Uint8Array, file: string): readonly string[] {
  const lines = decodeText(bytes, file).split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0)
    throw new DatasetCorrupt(file, 'it is empty; it must have five captions a picture, one a line');
  return lines.map((line, index) => {
    const words = line.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) {
      throw new DatasetCorrupt(file, `line ${index + 1} is empty: a caption’s place says which picture it describes`);
    }
    if (words.length > mostWords) {
      throw new DatasetCorrupt(file, `line ${index + 1} has ${words.length} words, a caption has at most ${mostWords}`);
    }
    return words.join(' ');
  });
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DatasetCorrupt(
      file,
      `line ${findUndecodableLine(bytes)} is not UTF-8; convert the whole file (iconv -f LATIN1 -t UTF-8), for its encodings may be mixed`,
      { cause },
    );
  }
}

/** The first line, from 1, that is not UTF-8. A line end is never part of another character. */
function findUndecodableLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let start = 0;
  for (let line = 1; ; line++) {
    const end = bytes.indexOf(10, start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}
