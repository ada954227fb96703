/** When Batch tries a job again, by the rules of the template's own job definition. */
import { beforeAll, expect, test } from 'vitest';
import { synthesizeTemplate } from '../../infra/synthesize.ts';
import { type JobDefinition, type JobEnd, retries } from './cloud/job-definition.ts';

let definition: JobDefinition;
beforeAll(async () => {
  const { Resources } = await synthesizeTemplate();
  const job = Object.values(Resources).find(({ Type }) => Type === 'AWS::Batch::JobDefinition');
  definition = job!.Properties as unknown as JobDefinition;
});

const exited = 'Essential container in task exited';

test.each<[string, JobEnd, boolean]>([
  ['ended well', { exitCode: 0, statusReason: exited }, false],
  ['lost its spot instance', { statusReason: 'Host EC2 (instance i-0123456789abcdef0) terminated.' }, true],
  ['threw', { exitCode: 1, statusReason: exited }, false],
  ['ran out of memory', { exitCode: 137, statusReason: exited, reason: 'OutOfMemoryError: killed' }, false],
  ['was terminated', { statusReason: 'Terminated by Step Functions', retryable: false }, false],
])('a job that %s', (_, end, expected) => {
  expect(retries(definition, [end])).toBe(expected);
});

test('no job has more than ten attempts', () => {
  const reclaimed: JobEnd = { statusReason: 'Host EC2 (instance i-0123456789abcdef0) terminated.' };
  expect(retries(definition, Array(9).fill(reclaimed))).toBe(true);
  expect(retries(definition, Array(10).fill(reclaimed))).toBe(false);
});
