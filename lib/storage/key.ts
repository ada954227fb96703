/** Which keys a store accepts: those that are safe in S3 and in a folder alike, so that a run can move between them. */
import { InvalidKey } from './errors.ts';

/** Names at the top of a folder store that are its own. */
export const storeMarkerName = 'stepwise-store.json';
export const storeWorkFolder = '.writing';

/** S3's own limit, in UTF-8 bytes. */
const longestKeyBytes = 1024;
/** What file systems take for one name. */
const longestSegmentBytes = 255;

/** Throws InvalidKey. */
export function checkKey(key: string): void {
  const problem = findKeyProblem(key);
  if (problem) throw new InvalidKey(key, problem);
}

/** A prefix may end anywhere, also in the middle of a name. Throws InvalidKey. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  // What is still to come completes the last name.
  const problem = findKeyProblem(`${prefix}x`);
  if (problem) throw new InvalidKey(prefix, problem);
}

/** Ascending by UTF-8 bytes, as S3 lists; JavaScript's own order differs above U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Why it cannot be a key, if so. */
export function findKeyProblem(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (!key.isWellFormed()) return 'it is not valid Unicode';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a key: XML and file names cannot carry them.
  if (/[\u0000-\u001f\u007f\\]/.test(key)) return 'it has a control character or a backslash';
  if (key.startsWith('/')) return 'it is absolute';
  const segments = key.split('/');
  if (segments.includes('')) return 'it has an empty segment';
  if (segments.includes('.') || segments.includes('..')) return "it has a '.' or '..' segment";
  if (segments[0] === storeMarkerName || segments[0] === storeWorkFolder) return `'${segments[0]}' is the store's own`;
  if (Buffer.byteLength(key) > longestKeyBytes) return `it is longer than ${longestKeyBytes} bytes`;
  if (segments.some((segment) => Buffer.byteLength(segment) > longestSegmentBytes)) {
    return `one of its segments is longer than ${longestSegmentBytes} bytes`;
  }
  return undefined;
}
