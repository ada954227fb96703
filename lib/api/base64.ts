/** Bytes in JSON: base64 (RFC 4648, §4), strict, for a decoder that skips what it does not know would hide damage. */
import { InvalidInput } from './errors.ts';

/**
 * Throws InvalidInput.
 *
 * @param name of the field, for the message
 */
export function decodeBase64(text: string, name: string): Uint8Array<ArrayBuffer> {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  // The decoder passes over other characters, so that their bytes are missing; those of base64url it takes.
  if (text.length % 4 !== 0 || bytes.length !== (text.length / 4) * 3 - padding || /[-_]/.test(text)) {
    throw new InvalidInput(
      `${name} must be base64 with padding and nothing else: A–Z, a–z, 0–9, +, / and = at the end, without line breaks or a data: prefix.`,
    );
  }
  // Of its own memory: a Float32Array over it must begin at a multiple of four.
  return Uint8Array.from(bytes);
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
