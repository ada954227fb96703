/** The same smoke run through a folder and through S3 measures the same, byte for byte. */

import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keys } from '../../lib/pipeline/keys.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { type MiniStack, s3ClientFor, startMiniStack } from '../services/ministack.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { runStepwise } from './command-line.ts';

let ministack: MiniStack | undefined;
beforeAll(async () => {
  ministack = await startMiniStack();
  await s3ClientFor(ministack?.endpoint ?? '')
    .send(new CreateBucketCommand({ Bucket: 'stepwise' }))
    .catch((error) => {
      if (ministack) throw error;
    });
});
afterAll(() => ministack?.stop());

it('writes byte-equal measurements and artifacts into a folder and into S3', async ({ skip }) => {
  if (!ministack) return skip('MiniStack is not installed');
  const folder = join(await newTemporaryFolder(), 'store');
  const experiment = ['run', 'learned-optimizers/mnist', '--preset', 'smoke'];
  const local = await runStepwise([...experiment, '--store', folder]);
  const remote = await runStepwise([...experiment, '--store', 's3://stepwise'], ministack.environment);
  expect(remote.measurements).toEqual(local.measurements);
  expect(remote.datasets).toEqual(local.datasets);

  const inFolder = await openStore(folder);
  Object.assign(process.env, ministack.environment);
  const inS3 = await openStore('s3://stepwise');
  for (const prefix of [keys.measurementsPrefix, (run: string) => keys.evaluationBatches(run)]) {
    const expected = await read(inFolder, prefix(local.run));
    const actual = await read(inS3, prefix(remote.run));
    expect(actual.map(([, text]) => text.replaceAll(remote.run, local.run))).toEqual(expected.map(([, text]) => text));
    expect(expected.length).toBeGreaterThan(0);
  }
  expect(await read(inS3, 'artifacts/')).toEqual(await read(inFolder, 'artifacts/'));
});

async function read(store: ObjectStore, prefix: string): Promise<readonly (readonly [string, string])[]> {
  const objects: [string, string][] = [];
  for await (const { key } of store.list(prefix)) {
    objects.push([key, Buffer.from((await store.get(key))!.body).toString('latin1')]);
  }
  return objects;
}
