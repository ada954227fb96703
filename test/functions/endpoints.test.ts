/**
 * The bundle that is deployed, behind a function URL of our own, called by curl. It shows that our handler, its events and
 * its answers fit together, and that a client that signs is let in; that AWS checks signatures as we do, it cannot show.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleEntry } from '../../infra/bundle.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { storeModel } from '../api/api-world.ts';
import { samplePerceptron } from '../api/sample-models.ts';
import { type BundledHandler, startBundledHandler } from './bundled-handler.ts';
import { type FunctionUrlServer, startFunctionUrl } from './function-url-server.ts';

const signer = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-central-1',
  service: 'lambda',
};
const experiment = 'layer-norm/permutation-invariant-mnist';

/** `--aws-sigv4` came with curl 7.75. */
function curlCanSign(): boolean {
  try {
    return execFileSync('curl', ['--help', 'all']).includes('--aws-sigv4');
  } catch {
    return false;
  }
}

const longPage = `<!doctype html>${'"quoted" '.repeat(800_000)}`;

let folder: string;
let handler: BundledHandler;
let server: FunctionUrlServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-endpoints-'));
  const [bundle, store] = [join(folder, 'api'), join(folder, 'store')];
  await bundleEntry('api.lambda.ts', bundle, '{}');
  await mkdir(store);
  const objects = await openStore(store);
  await storeModel(objects, samplePerceptron());
  await objects.put(keys.report('a-run', 'index.html'), '<!doctype html><title>Ünïcode</title>');
  await objects.put(keys.report('a-run', 'long.html'), longPage);
  handler = await startBundledHandler(bundle, {
    STEPWISE_STORE: store,
    STEPWISE_BACKEND: 'wasm-relaxed',
    STEPWISE_THREADS: '1',
  });
  server = await startFunctionUrl((event) => handler.invoke(event) as never, signer);
});
afterAll(async () => {
  await server?.close();
  await handler?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface CurlAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: an answer's JSON
  readonly json: () => any;
}

async function curl(path: string, ...options: readonly string[]): Promise<CurlAnswer> {
  // What was written out stands behind the body.
  const written = ['--silent', '--write-out', '\n%{http_code} %{content_type}', `${server.url}${path}`];
  const { stdout } = await promisify(execFile)('curl', [...written, ...options], {
    encoding: 'buffer',
    maxBuffer: 100_000_000,
  });
  const end = stdout.lastIndexOf('\n');
  const [status, ...type] = stdout
    .subarray(end + 1)
    .toString()
    .split(' ');
  const body = stdout.subarray(0, end);
  return { status: Number(status), type: type.join(' '), body, json: () => JSON.parse(body.toString()) };
}

const user = (secret = signer.secretAccessKey) => ['--user', `${signer.accessKeyId}:${secret}`];
const signed = ['--aws-sigv4', 'aws:amz:eu-central-1:lambda', ...user()];
const json = (body: unknown) => ['--header', 'content-type: application/json', '--data-binary', JSON.stringify(body)];

describe.skipIf(!curlCanSign())('curl --aws-sigv4 (skipped where there is no curl that signs)', () => {
  test('reads results', async () => {
    const {
      status,
      type,
      json: read,
    } = await curl(`/v1/results?experiment=${encodeURIComponent(experiment)}&limit=1`, ...signed);
    expect([status, type]).toEqual([200, 'application/json']);
    expect(read().results).toMatchObject([{ experiment, outcome: 'holds' }]);
  });

  test('reads a report as the text that it is', async () => {
    const { status, type, body } = await curl('/reports/a-run/index.html', ...signed);
    expect([status, type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body.toString()).toContain('<title>Ünïcode</title>');
  });

  test('gets a long answer compressed, and is told where it did not ask for that', async () => {
    const { status, body } = await curl('/reports/a-run/long.html', ...signed, '--compressed');
    expect([status, body.length]).toEqual([200, longPage.length]);
    expect(body.equals(Buffer.from(longPage))).toBe(true);
    const plain = await curl('/reports/a-run/long.html', ...signed);
    expect([plain.status, plain.type]).toEqual([422, 'application/problem+json']);
    expect(plain.json().detail).toMatch(/^The answer has 88\d{5} bytes.* 6291456\. Send Accept-Encoding: gzip/);
    expect(handler.log()).toContain(plain.json().instance);
  });

  test('computes', async () => {
    const race = await curl('/v1/optimizers/race', ...signed, ...json({ problem: 'quadratics', steps: 20 }));
    expect(race.status).toBe(200);
    expect(race.json().curves).toHaveLength(5);
    const digit = await curl('/v1/digits/classify', ...signed, ...json({ pixels: Array(784).fill(0.5) }));
    expect(digit.json()).toMatchObject({ probabilities: expect.any(Array), model: { experiment } });
  });

  test('gets a picture as its bytes', async () => {
    const [width, height] = [8, 8];
    const image = Buffer.from(
      encode({ width, height, data: new Uint8Array(width * height * 3).fill(90), channels: 3, depth: 8 }),
    ).toString('base64');
    const probabilities = { width, height, classes: 2, values: Array(width * height * 2).fill(0.5) };
    const accept = ['--header', 'accept: image/png'];
    const { status, type, body } = await curl(
      '/v1/segmentations/refine',
      ...signed,
      ...accept,
      ...json({ image, probabilities }),
    );
    expect([status, type]).toEqual([200, 'image/png']);
    expect(body.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  });

  test('with bad input gets a problem document, whose instance is in the log beside the request’s own id', async () => {
    const { status, type, json: read } = await curl('/v1/digits/classify', ...signed, ...json({ pixels: [1] }));
    expect([status, type]).toEqual([400, 'application/problem+json']);
    const problem = read();
    expect(problem.detail).toMatch(/784/);
    const lines = handler
      .log()
      .split('\n')
      .filter((line) => line.includes(problem.instance));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ function_request_id: expect.stringMatching(/^request-\d+$/) });
  });

  test.each([
    ['another secret', ['--aws-sigv4', 'aws:amz:eu-central-1:lambda', ...user('another')], /does not match/],
    [
      'an access key that nobody has',
      ['--aws-sigv4', 'aws:amz:eu-central-1:lambda', '--user', 'AKIDOTHER:x'],
      /token.*invalid/,
    ],
    ['another region', ['--aws-sigv4', 'aws:amz:us-east-1:lambda', ...user()], /scoped/],
    ['another service', ['--aws-sigv4', 'aws:amz:eu-central-1:execute-api', ...user()], /scoped/],
    ['no signature', [], /Missing Authentication Token/],
    ['a password in place of a signature', user(), /Incomplete signature/],
  ])('with %s is refused before the function is called', async (_, credentials, message) => {
    const before = handler.calls;
    const { status, json: read } = await curl('/v1/results', ...credentials);
    expect(status).toBe(403);
    expect(read().Message).toMatch(message);
    expect(handler.calls).toBe(before);
  });

  test('leaves no credentials in the log', async () => {
    const token = ['--header', 'x-amz-security-token: SESSIONTOKEN'];
    expect((await curl('/v1/results', ...signed, ...token)).status).toBe(200);
    expect((await curl('/v1/results?X-Amz-Security-Token=SESSIONTOKEN', ...signed)).status).toBe(200);
    expect(handler.log()).not.toMatch(/AKIDEXAMPLE|wJalrX|AWS4-HMAC|SESSIONTOKEN/);
  });

  test('a body that is no text comes to the function as it was sent, and is refused by its type', async () => {
    const { status, json: read } = await curl(
      '/v1/digits/classify',
      ...signed,
      '--header',
      'content-type: image/png',
      '--data-binary',
      'x',
    );
    expect([status, read().detail]).toEqual([415, expect.stringContaining('"image/png"')]);
  });

  test('a signature is good for the body that was signed, and for no other', async () => {
    const { stderr } = await promisify(execFile)('curl', [
      ...['--silent', '--verbose', `${server.url}/v1/digits/classify`, ...signed, ...json({ pixels: [1] })],
    ]);
    const sent = (name: string) => new RegExp(`^> ${name}: (.*)$`, 'im').exec(stderr)![1]!.trim();
    const replay = (body: string) =>
      fetch(`${server.url}/v1/digits/classify`, {
        method: 'POST',
        headers: {
          authorization: sent('Authorization'),
          'x-amz-date': sent('X-Amz-Date'),
          'content-type': 'application/json',
        },
        body,
      });
    expect((await replay('{"pixels":[1]}')).status).toBe(400);
    expect((await replay('{"pixels":[2]}')).status).toBe(403);
  });
});
