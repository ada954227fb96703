/** The note by which a folder says that it is a stand-in, and for what: `npm run fetch:stand-ins` leaves it. */
import { join } from 'node:path';
import { z } from 'zod';
import { DatasetCorrupt } from '../errors.ts';
import { findSourceFile, kindOfPath, readSourceFile } from '../source-files.ts';

/** Beside the files of a stand-in: what they are. */
export const standInNote = 'stand-in.json';
const noteSchema = z.strictObject({ description: z.string().min(1) });

/** A stand-in's description, or undefined where the folder is none. Throws DatasetCorrupt. */
export async function readStandInNote(dataset: string, folder: string): Promise<string | undefined> {
  const path = join(folder, standInNote);
  if ((await kindOfPath(dataset, path)) !== 'file') return undefined;
  const source = await findSourceFile(dataset, folder, [standInNote]);
  try {
    return noteSchema.parse(JSON.parse(Buffer.from(await readSourceFile(source, 10_000)).toString())).description;
  } catch (cause) {
    if (cause instanceof DatasetCorrupt) throw cause;
    throw new DatasetCorrupt(path, 'it must be JSON with one text, "description"', { cause });
  }
}
