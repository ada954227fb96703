/** Whether a build is there already, and of what it was made. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compilerFlags } from './compile.ts';
import { requirementsOf, type Target } from './target.ts';

export interface Stamp extends Target {
  /** Of everything a build depends on: the packages' lock file, the wheels' digests, the compiler's flags. */
  readonly digest: string;
}

export async function stampFor(target: Target): Promise<Stamp> {
  const lock = await readFile(new URL('./package-lock.json', import.meta.url), 'utf8');
  const wheels = await readFile(requirementsOf(target), 'utf8');
  const digest = createHash('sha256')
    .update([lock, wheels, ...compilerFlags].join('\0'))
    .digest('hex');
  return { ...target, digest };
}

export async function isBuilt(folder: string, stamp: Stamp): Promise<boolean> {
  return (await readStamp(folder)) === JSON.stringify(stamp);
}

/** The last thing of a build: one that was interrupted starts over. */
export async function writeStamp(folder: string, stamp: Stamp): Promise<void> {
  await writeFile(join(folder, 'built.json'), JSON.stringify(stamp));
}

async function readStamp(folder: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, 'built.json'), 'utf8');
  } catch {
    return undefined;
  }
}
