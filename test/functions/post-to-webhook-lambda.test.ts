/** The function as Lambda calls it: in a process that finds the runtime's own SDK by NODE_PATH, and whose output is its log. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { newTemporaryFolder } from '../temporary-folder.ts';

/** Answers as Systems Manager does for one name, decrypted; says what it was asked. */
const ssm = `
exports.GetParameterCommand = class { constructor(input) { this.input = input; } };
exports.SSMClient = class {
  async send({ input }) {
    process.stderr.write('asked ' + JSON.stringify(input) + '\\n');
    return { Parameter: { Value: 'https://127.0.0.1:9/services/secret-in-the-path' } };
  }
};
`;

test('it asks for the parameter, decrypted, and its log of a failure has no address', async () => {
  const runtime = await newTemporaryFolder();
  await mkdir(join(runtime, '@aws-sdk/client-ssm'), { recursive: true });
  await writeFile(join(runtime, '@aws-sdk/client-ssm/index.js'), ssm);
  const entry = resolve(import.meta.dirname, '../../functions/post-to-webhook.lambda.ts');
  const event = { Records: [{ Sns: { Subject: 'subject', Message: 'message' } }] };
  const program = `
    const { handler } = await import(${JSON.stringify(entry)});
    await handler(${JSON.stringify(event)}, { awsRequestId: '1' }).catch((error) => console.error('thrown', error));`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env: {
      ...process.env,
      NODE_PATH: runtime,
      STEPWISE_WEBHOOK_PARAMETER: '/stepwise/webhook',
      POWERTOOLS_DEV: 'true',
    },
  });
  expect(stderr).toContain('asked {"Name":"/stepwise/webhook","WithDecryption":true}');
  expect(stdout + stderr).toContain('post-to-webhook failed');
  expect(stderr).toMatch(/thrown WebhookFailed: The message was not delivered: no answer \(TypeError\)/);
  expect(stdout + stderr).not.toContain('secret-in-the-path');
});
