import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { newTemporaryFolder } from '../temporary-folder.ts';

test('a store in a folder never loads the AWS SDK', async () => {
  const folder = await newTemporaryFolder();
  const openStore = join(import.meta.dirname, '../../lib/storage/open-store.ts');
  // Resolving the SDK ends the process: nothing but a folder may get through.
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) { if (name.startsWith('@aws-sdk/')) process.exit(3); return next(name, context); } });
    const { openStore } = await import(${JSON.stringify(openStore)});
    const store = await openStore(process.argv[1]);
    if (store.location !== (await import('node:url')).pathToFileURL(process.argv[1]).href) process.exit(4);
    await openStore('s3://bucket');`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', hook, folder]);
  await expect(run).rejects.toMatchObject({ code: 3 });
});
