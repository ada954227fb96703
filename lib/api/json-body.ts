/**
 * A request's JSON, read with bounds: so many bytes, so deep, no name that could reach an object's prototype. Everything is
 * checked before it costs more than its own bytes: the depth on the text, since a parser would recurse.
 */
import type { MiddlewareHandler } from 'hono';
import { InvalidInput, RequestTooLarge, UnsupportedMediaType } from './errors.ts';
import type { ApiEnvironment, ApiLimits } from './ports.ts';

const deepest = 64;
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Puts the parsed body where the routes' validators look for it. Throws RequestTooLarge, UnsupportedMediaType, InvalidInput. */
export function jsonBody(limits: ApiLimits): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    const { req } = context;
    if (req.method !== 'POST') return next();
    const type = req.header('content-type');
    if (!/^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type ?? '')) {
      throw new UnsupportedMediaType(type);
    }
    const limit = limits.routeRequestBytes?.[req.path] ?? limits.requestBytes;
    const value = parseBounded(await readBounded(req.raw, limit));
    // Its cache would make a text of the value again, and parse that: for a picture's probabilities longer than all the rest.
    req.json = async <Value>() => value as Value;
    return next();
  };
}

/** Throws RequestTooLarge, InvalidInput; what comes beyond the limit is not read. */
async function readBounded(request: Request, limit: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw new RequestTooLarge(limit);
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  const read = () =>
    reader?.read().catch((cause) => {
      throw new InvalidInput('The body ended before it was whole.', { cause });
    });
  for (let piece = await read(); piece && !piece.done; piece = await read()) {
    length += piece.value.length;
    if (length > limit) {
      await reader?.cancel();
      throw new RequestTooLarge(limit);
    }
    pieces.push(piece.value);
  }
  return Buffer.concat(pieces, length);
}

/** Throws InvalidInput. */
export function parseBounded(bytes: Uint8Array): unknown {
  checkDepth(bytes);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidInput('The body must be JSON in UTF-8, and cannot be parsed as such.', { cause });
  }
  checkNames(value);
  return value;
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** Brackets outside of strings. Text that is no JSON may count wrongly; the parser refuses it afterwards. */
function checkDepth(bytes: Uint8Array): void {
  let depth = 0;
  for (let position = 0; position < bytes.length; position++) {
    const byte = bytes[position]!;
    if (byte === quote) position = endOfString(bytes, position);
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > deepest) {
        throw new InvalidInput(`The body's JSON may be nested ${deepest} levels deep, and this is nested deeper.`);
      }
    } else if (byte === closeBrace || byte === closeBracket) depth--;
  }
}

/** Where the closing quote is. A picture in base64 is one long string, so quotes are looked for, not bytes looked at. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let end = bytes.indexOf(quote, start + 1); end >= 0; end = bytes.indexOf(quote, end + 1)) {
    let escapes = 0;
    while (bytes[end - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return bytes.length;
}

function checkNames(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    // Rows of numbers are long, and hold no names.
    for (const item of value) if (typeof item === 'object') checkNames(item);
    return;
  }
  for (const [name, item] of Object.entries(value)) {
    if (forbiddenNames.has(name)) throw new InvalidInput(`The body's JSON must not have a property '${name}'.`);
    checkNames(item);
  }
}
