/**
 * The function that an upload starts, cold: the bundle that a deployment uploads, in a fresh process of plain Node, from
 * its first line to the answer that a run was started. S3 and Step Functions are a server in this process that answers at
 * once, so what is measured is our own work and not a network.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleEntry } from '../infra/bundle.ts';
import { median } from '../lib/numerics/median.ts';
import { keys } from '../lib/pipeline/keys.ts';
import type { BenchmarkRow } from './benchmark.ts';

const rounds = 15;
const bucket = 'bench';
const manifest = keys.datasetManifest('mnist', '0123456789abcdef');
const subscription = { dataset: 'mnist', experiment: 'learned-optimizers/mnist', preset: 'smoke' };

export async function measureStarter(folder: string, log: (line: string) => void): Promise<readonly BenchmarkRow[]> {
  log('bundling the starter');
  const bundle = join(folder, 'start-on-upload');
  await bundleEntry('start-on-upload.lambda.ts', bundle, '{}');
  const entry = join(folder, 'call-once.mjs');
  await writeFile(entry, callOnce(join(bundle, 'index.mjs')));
  log(`${rounds} cold starts`);
  const times: ColdStart[] = [];
  for (let round = 0; round <= rounds; round++) {
    const time = await startOnce(entry);
    // The first reads the disk.
    if (round > 0) times.push(time);
  }
  const own = median(times.map((time) => time.own));
  const processor = median(times.map((time) => time.processor));
  // On a machine with other work the first says more of that than of ours.
  log(`first line to answer: ${own.toFixed(0)} ms by the clock, ${processor.toFixed(0)} ms of processor time`);
  const row = (what: string, ours: number): BenchmarkRow => ({
    benchmark: 'upload',
    case: what,
    unit: 'ms',
    ours,
    peers: {},
    limit: 100,
    headline: true,
  });
  return [
    row('starter, cold: first line to answer', own),
    row('starter, cold: process start to answer', median(times.map(({ whole }) => whole))),
  ];
}

/** All in milliseconds. */
interface ColdStart {
  /** From the first line of the entry to the answer. */
  readonly own: number;
  /** The same in processor time, of all threads. */
  readonly processor: number;
  /** From the start of the process. */
  readonly whole: number;
}

/** `performance.now()` counts from the start of the process. */
function callOnce(bundle: string): string {
  const event = {
    source: 'aws.s3',
    'detail-type': 'Object Created',
    detail: { bucket: { name: bucket }, object: { key: manifest } },
  };
  return `
    const began = performance.now();
    const before = process.cpuUsage();
    const { handler } = await import(${JSON.stringify(bundle)});
    const { runs } = await handler(${JSON.stringify(event)}, { functionName: 'start', awsRequestId: '1' });
    const ended = performance.now();
    const { user, system } = process.cpuUsage(before);
    if (runs.length !== 1 || runs[0].outcome !== 'started') throw new Error(JSON.stringify(runs));
    process.stderr.write(JSON.stringify({ own: ended - began, processor: (user + system) / 1000, whole: ended }));
    process.exit();
  `;
}

async function startOnce(entry: string): Promise<ColdStart> {
  const server = createServer(answerAsAws(new Map())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [entry], {
      // What Lambda sets, and nothing of whoever runs this.
      env: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        STEPWISE_STORE: `s3://${bucket}`,
        STEPWISE_STATE_MACHINE: 'arn:aws:states:eu-central-1:111122223333:stateMachine:Bench',
        NODE_OPTIONS: '--enable-source-maps',
      },
    });
    return JSON.parse(stderr);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The four calls that the starter makes: GetObject, PutObject with its condition, StartExecution. */
function answerAsAws(objects: Map<string, string>): (request: IncomingMessage, response: ServerResponse) => void {
  objects.set(
    `/${bucket}/${keys.subscriptions('mnist')}`,
    JSON.stringify({ formatVersion: 1, subscriptions: [subscription] }),
  );
  return async (request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname;
    const body = await readText(request);
    const answer = (status: number, text = '', headers: Record<string, string> = {}) =>
      response.writeHead(status, { etag: '"0"', ...headers }).end(text);
    if (request.method === 'POST') {
      const executionArn = 'arn:aws:states:eu-central-1:111122223333:execution:Bench:run';
      return answer(200, JSON.stringify({ executionArn, startDate: 1 }), {
        'content-type': 'application/x-amz-json-1.0',
      });
    }
    if (request.method === 'PUT') {
      if (request.headers['if-none-match'] === '*' && objects.has(path)) return answer(412);
      objects.set(path, body);
      return answer(200);
    }
    const object = objects.get(path);
    if (object !== undefined) return answer(200, object);
    return answer(404, '<Error><Code>NoSuchKey</Code></Error>', { 'content-type': 'application/xml' });
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return text;
}
