/** Zips and unzips with the Python that the services were installed with: Node has no zip. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findProgram } from '../ministack.ts';

const run = promisify(execFile);

export async function zipFolder(folder: string, archive: string): Promise<void> {
  const names = await readdir(folder);
  await run(findProgram('python3')!, ['-m', 'zipfile', '-c', archive, ...names], { cwd: folder });
}

export async function unzip(archive: string, folder: string): Promise<void> {
  await run(findProgram('python3')!, ['-m', 'zipfile', '-e', archive, folder]);
}
