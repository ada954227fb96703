/** JSON Lines in the store: one record a line, read and written without ever holding the whole list. */
import { z } from 'zod';
import { InvalidLine } from './errors.ts';
import type { ObjectStore, WriteCondition } from './object-store.ts';

const newline = 0x0a;
const pieceCharacters = 65_536;
const longestLineBytes = 16 * 1024 * 1024;

/** The records of an object, line by line. Throws ObjectNotFound, and InvalidLine where one is not what `schema` asks for. */
export async function* readLines<T>(store: ObjectStore, key: string, schema: z.ZodType<T>): AsyncGenerator<T> {
  let number = 0;
  for await (const line of splitLines(await store.getStream(key), key)) {
    number++;
    yield parseLine(line, key, number, schema);
  }
}

/** Writes one line a record; nothing is there until the last one is. */
export async function writeLines(
  store: ObjectStore,
  key: string,
  records: Iterable<unknown> | AsyncIterable<unknown>,
  condition?: WriteCondition,
): Promise<{ readonly etag: string }> {
  return store.putStream(key, joinLines(records), condition);
}

async function* splitLines(pieces: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<Uint8Array> {
  /** What has come of the line so far. */
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      yield Buffer.concat([...parts, piece.subarray(start, end)]);
      number++;
      parts = [];
      length = 0;
      start = end + 1;
    }
    if (start === piece.length) continue;
    parts.push(piece.slice(start));
    length += piece.length - start;
    if (length > longestLineBytes) throw new InvalidLine(key, number, `it is longer than ${longestLineBytes} bytes`);
  }
  // The last line may lack its newline: other programs write such files.
  if (length > 0) yield Buffer.concat(parts);
}

function parseLine<T>(line: Uint8Array, key: string, number: number, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch (cause) {
    throw new InvalidLine(key, number, 'it is not JSON', { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new InvalidLine(key, number, z.prettifyError(parsed.error));
  return parsed.data;
}

async function* joinLines(records: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const record of records) {
    text += `${JSON.stringify(record)}\n`;
    if (text.length < pieceCharacters) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text) yield Buffer.from(text);
}
