import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder that is removed when the test that asked for it is over. */
export async function newTemporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'stepwise-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
