/** Which names the files of a dataset may have: the same on every file system, and the same to every reader. */
import { findKeyProblem } from '../storage/key.ts';

const longestNameBytes = 512;

/**
 * The first name that must not be, by its place in the list: it leads out of the dataset's folder, takes the manifest's
 * place, contains what cannot be seen, or is another file's name or folder on some file system.
 */
export function findFileNameProblem(
  names: readonly string[],
): { readonly index: number; readonly message: string } | undefined {
  const folded = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const message = problemOf(name);
    if (message) return { index, message: `${quote(name)} cannot be a file of a dataset: ${message}` };
    const twin = folded.get(fold(name));
    if (twin !== undefined) {
      return { index, message: `${quote(name)} and ${quote(names[twin]!)} would be one file on some file systems` };
    }
    folded.set(fold(name), index);
  }
  for (const [index, name] of names.entries()) {
    const parts = fold(name).split('/');
    for (let length = 1; length < parts.length; length++) {
      const file = folded.get(parts.slice(0, length).join('/'));
      if (file !== undefined)
        return { index, message: `${quote(names[file]!)} is a file and the folder of ${quote(name)}` };
    }
  }
  return undefined;
}

function problemOf(name: string): string | undefined {
  const problem = findKeyProblem(name);
  if (problem) return problem;
  if (Buffer.byteLength(name) > longestNameBytes) return `it is longer than ${longestNameBytes} bytes`;
  // Format characters (zero width, right-to-left) make two different names look alike; so do unusual spaces.
  if (/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u.test(name)) return 'it has characters that cannot be seen';
  if (name.split('/').some((part) => /^\.*\s*$/.test(part.normalize('NFKC')))) {
    return "one of its parts looks like '.', '..' or nothing";
  }
  // Also on a file system that does not tell them apart.
  if (fold(name) === '_manifest.json') return "that is the manifest's own name";
  return undefined;
}

function fold(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC');
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
