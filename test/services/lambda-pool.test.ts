/** What a function's end looks like to its caller: Lambda's own runtime emulator decides, not we. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, type TestContext, vi } from 'vitest';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { type LambdaPool, startLambdaPool } from './cloud/lambda-pool.ts';
import { MemoryLimit } from './cloud/memory-limit.ts';
import { findProgram } from './ministack.ts';

vi.setConfig({ testTimeout: 0, hookTimeout: 0 });

let pool: LambdaPool | undefined;
beforeAll(async () => {
  const emulator = findProgram('aws-lambda-rie');
  if (emulator) pool = await startLambdaPool(emulator);
  else console.warn("Skipped: Lambda's runtime emulator is not installed; test/services/install.sh installs it.");
});
afterAll(() => pool?.stop());

/** Calls a function of this source, again and again. */
async function serve({ skip }: TestContext, name: string, source: string, memoryMegabytes = 256) {
  if (!pool) return skip("Lambda's runtime emulator is not installed");
  const folder = join(await newTemporaryFolder(), name);
  await mkdir(folder);
  await writeFile(join(folder, 'index.mjs'), source);
  pool.serve([{ name, folder, environment: {}, memoryMegabytes, timeoutSeconds: 2 }]);
  return async (event: unknown) => {
    const response = await fetch(pool!.url(name), { method: 'POST', body: JSON.stringify(event) });
    return { failed: response.headers.has('x-amz-function-error'), answer: await response.json() };
  };
}

it('answers what the handler returns, and an error by its own name', async (context) => {
  const source = `class TruncatedFile extends Error { name = 'TruncatedFile'; }
    export const handler = async (event, context) => {
      if (event.fail) throw new TruncatedFile('it ends early');
      return { ...event, function: context.functionName };
    };`;
  const call = await serve(context, 'named', source);
  expect(await call({ a: 'ü' })).toEqual({ failed: false, answer: { a: 'ü', function: 'named' } });
  expect(await call({ fail: true })).toMatchObject({
    failed: true,
    answer: { errorType: 'TruncatedFile', errorMessage: 'it ends early' },
  });
  expect(await call({})).toMatchObject({ failed: false });
});

it('ends what takes longer than its timeout, and goes on', async (context) => {
  const source = 'export const handler = ({ ms }) => new Promise((done) => setTimeout(done, ms, "done"));';
  const call = await serve(context, 'slow', source);
  expect(await call({ ms: 60_000 })).toMatchObject({ failed: true, answer: { errorType: 'Sandbox.Timedout' } });
  expect(await call({ ms: 1 })).toEqual({ failed: false, answer: 'done' });
});

it('ends what needs more memory than it has, and goes on', async (context) => {
  const limit = await MemoryLimit.create(256);
  if (!limit) return context.skip('control groups are not writable here');
  await limit.remove();
  const source = `export const handler = async ({ megabytes }) => Buffer.alloc(megabytes << 20, 1).length >> 20;`;
  const call = await serve(context, 'big', source);
  expect(await call({ megabytes: 32 })).toEqual({ failed: false, answer: 32 });
  expect(await call({ megabytes: 512 })).toMatchObject({ failed: true, answer: { errorType: 'Runtime.ExitError' } });
  expect(await call({ megabytes: 32 })).toEqual({ failed: false, answer: 32 });
});
