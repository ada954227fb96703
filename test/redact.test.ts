import { describe, expect, it } from 'vitest';
import { writeFailure } from '../lib/pipeline/failures.ts';
import { keys } from '../lib/pipeline/keys.ts';
import { recordFailure } from '../lib/pipeline/record-failure.ts';
import { redactError, redactingReplacer, redactSecrets } from '../lib/redact.ts';
import { testPorts } from './pipeline/run-stages.ts';

const signed =
  'https://b.s3.eu-west-1.amazonaws.com/runs/r/x.json?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260101&X-Amz-Security-Token=FwoGZXIvYXdz%2B%2F&X-Amz-Signature=0123456789abcdef';

describe('redactSecrets', () => {
  it.each([
    ['a presigned address', `GET ${signed} failed`, ['AKIDEXAMPLE', 'FwoGZXIvYXdz', '0123456789abcdef']],
    ['one of the old kind', 'x?AWSAccessKeyId=AKIDOLD&Signature=bWF0%3D&Expires=1', ['AKIDOLD', 'bWF0']],
    ['a key’s name', 'The key AKIAIOSFODNN7EXAMPLE is not active', ['AKIAIOSFODNN7EXAMPLE']],
    ['a temporary key’s name', '{"accessKeyId":"ASIAIOSFODNN7EXAMPLE"}', ['ASIAIOSFODNN7EXAMPLE']],
    ['a secret key in the environment', 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG', ['wJalrXUtnFEMI', 'K7MDENG']],
    ['a secret key in JSON', '{ "secretAccessKey": "wJalrXUtnFEMI", "a": 1 }', ['wJalrXUtnFEMI']],
    ['a session token in a configuration', 'aws_session_token = IQoJb3JpZ2luX2Vj', ['IQoJb3JpZ2luX2Vj']],
    ['a header of a session', 'x-amz-security-token: IQoJb3JpZ2luX2Vj', ['IQoJb3JpZ2luX2Vj']],
    [
      'an authorization header',
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=${'0f'.repeat(32)}`,
      ['AKIDEXAMPLE', '0f0f'],
    ],
    ['a bearer', 'authorization: Bearer eyJhbGciOi.J9', ['eyJhbGciOi']],
    ['a password in an address', 'cannot reach https://me:hunter2@proxy.example:3128/', ['hunter2']],
    ['a webhook', 'POST https://hooks.slack.com/services/T0/B0/xyzzy answered 500', ['T0/B0', 'xyzzy']],
  ])('takes out %s', (_, text, words) => {
    for (const word of words) expect(redactSecrets(text)).not.toContain(word);
    expect(redactSecrets(text)).toContain('[redacted]');
  });

  it('leaves the rest of the sentence, and everything that is no secret', () => {
    expect(redactSecrets(`GET ${signed} failed`)).toMatch(/^GET https:\/\/b\.s3\..*x\.json\?X-Amz-Algorithm.* failed$/);
    for (const text of [
      'Trial lstm/seed-0 has no artifact (0123456789abcdef0123456789abcdef)',
      'arn:aws:states:eu-west-1:123456789012:execution:Stepwise:on-aws',
      'https://docs.example.org/a:b/c@d?signature-version=4&size=3',
      'a basic network of 20 units',
      'file:///project/lib/pipeline/plan.ts:62:3',
    ]) {
      expect(redactSecrets(text)).toBe(text);
    }
  });

  it('takes no longer for a text that nearly matches everywhere', () => {
    const near = ['https://'.repeat(20_000), `https://${'a'.repeat(200_000)}`, '?sig='.repeat(40_000)];
    for (const text of near) expect(redactSecrets(text).length).toBeGreaterThan(0);
  });
});

it('an error keeps its class, its name and what is not secret, down to its causes', () => {
  class Refused extends Error {}
  const cause = new Error(`GET ${signed}`);
  const error = new Refused('key AKIAIOSFODNN7EXAMPLE', { cause });
  expect(redactError(error)).toBe(error);
  expect(error).toBeInstanceOf(Refused);
  expect(error.message).toBe('key [redacted]');
  for (const text of [error.stack, cause.message, cause.stack]) expect(text).not.toMatch(/AKIAIOS|0123456789abcdef/);
  const own = new Error('ordinary');
  Object.freeze(own);
  expect(redactError(own)).toBe(own);
  expect(redactError('thrown text')).toBe('thrown text');
});

it('a value is redacted wherever a text is in it', () => {
  const text = JSON.stringify({ a: [{ b: 'aws_session_token="IQoJ"' }], c: 3 }, redactingReplacer);
  expect(JSON.parse(text)).toEqual({ a: [{ b: 'aws_session_token="[redacted]"' }], c: 3 });
});

it('a failure is written down, told and logged without what is secret', async () => {
  const said: string[] = [];
  const ports = testPorts({
    log: (message, details) => void said.push(message, JSON.stringify(details)),
    notify: async (subject, text) => void said.push(subject, text),
  });
  await writeFailure(ports, 'r', 'trial a', new Error(`GET ${signed}`), `${'x'.repeat(4_000)} ${signed}`);
  const cause = JSON.stringify({ errorMessage: `GET ${signed}`, trace: [`at ${signed}`] });
  const output = await recordFailure({ run: 'r', error: { Error: 'Failed', Cause: cause } }, ports);
  const read = async (name: string) => new TextDecoder().decode((await ports.store.get(keys.failure('r', name)))!.body);
  const everything = [...said, JSON.stringify(output), await read('trial-a'), await read('run')].join('\n');
  expect(everything).toContain('[redacted]');
  expect(everything).not.toMatch(/AKIDEXAMPLE|FwoGZXIvYXdz|0123456789abcdef/);
});
