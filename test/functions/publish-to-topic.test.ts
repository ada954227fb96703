/** With an SDK in the place where Lambda's runtime has its own. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { newTemporaryFolder } from '../temporary-folder.ts';

const sns = `
exports.PublishCommand = class { constructor(input) { this.input = input; } };
exports.SNSClient = class { async send({ input }) { console.log(JSON.stringify(input)); } };
`;

test('a message goes to the topic through the client that NODE_PATH names, with a subject that SNS takes', async () => {
  const runtime = await newTemporaryFolder();
  await mkdir(join(runtime, '@aws-sdk/client-sns'), { recursive: true });
  await writeFile(join(runtime, '@aws-sdk/client-sns/index.js'), sns);
  const module = resolve(import.meta.dirname, '../../functions/publish-to-topic.ts');
  const program = `
    const { publishToTopic } = await import(${JSON.stringify(module)});
    await publishToTopic('arn:aws:sns:eu-west-1:111122223333:topic', 'a/b: holds → inconclusive', 'a: 1 → 2');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, NODE_PATH: runtime },
  });
  expect(JSON.parse(stdout)).toEqual({
    TopicArn: 'arn:aws:sns:eu-west-1:111122223333:topic',
    Subject: 'a/b: holds -> inconclusive',
    Message: 'a: 1 → 2',
  });
});
