/** A dataset's version is a digest of its content. */
import { createHash } from 'node:crypto';

/** The same names and bytes have the same version everywhere, in whatever order the files came. 16 hexadecimal digits. */
export function datasetVersion(files: readonly { readonly name: string; readonly sha256: string }[]): string {
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 16);
}
