/**
 * Lines of text files of unknown encoding. Collections of sentences are rarely in one encoding: each line is read as UTF-8
 * where its bytes are that, and as Windows-1252 where they are not, which is what "Latin-1" files on the web mean.
 */
import { DatasetCorrupt } from './errors.ts';

export interface TextLine {
  /** Its number in the file, from 1, empty lines counted. */
  readonly number: number;
  readonly text: string;
}

/** What Windows-1252 has where Latin-1 has control characters; undefined bytes stay control characters. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * All lines, the empty ones as well. Only LF and CR LF end a line, or CR in a file that has no LF: byte 0x85, Latin-1's "next
 * line", is an ellipsis in Windows-1252, and the middle of a sentence. A byte-order mark says UTF-16 and is dropped.
 *
 * Throws DatasetCorrupt where there are zero bytes: it is no text.
 */
export function decodeLines(bytes: Uint8Array, file: string): readonly TextLine[] {
  const lines = hasMark(bytes, 0xff, 0xfe)
    ? splitText(new TextDecoder('utf-16le').decode(bytes))
    : hasMark(bytes, 0xfe, 0xff)
      ? splitText(new TextDecoder('utf-16be').decode(bytes))
      : splitBytes(hasMark(bytes, 0xef, 0xbb, 0xbf) ? bytes.subarray(3) : bytes);
  return lines.map((text, index) => {
    const number = index + 1;
    if (text.includes('\0')) {
      throw new DatasetCorrupt(
        atLine(file, number),
        'it has a zero byte: this is no text file, or it is UTF-16 without a mark',
      );
    }
    return { number, text };
  });
}

/** `file, line 12`, for error messages. */
export function atLine(file: string, line: number): string {
  return `${file}, line ${line}`;
}

/** Whether the file begins with this byte-order mark. */
function hasMark(bytes: Uint8Array, ...mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}

function splitBytes(bytes: Uint8Array): string[] {
  const end = bytes.includes(lineFeed) ? lineFeed : carriageReturn;
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(end, start);
    const stop = found < 0 ? bytes.length : found;
    const withoutReturn = stop > start && bytes[stop - 1] === carriageReturn ? stop - 1 : stop;
    lines.push(decodeLine(bytes.subarray(start, withoutReturn)));
    start = stop + 1;
  }
  return lines;
}

function splitText(text: string): string[] {
  const lines = text.split(text.includes('\n') ? /\r?\n/ : '\r');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeLine(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    // By hand, because releases of Node differ in what TextDecoder makes of 0x80 to 0x9F.
    return Array.from(bytes, (byte) =>
      byte >= 0x80 && byte < 0xa0 ? windows1252[byte - 0x80]! : String.fromCharCode(byte),
    ).join('');
  }
}
