/**
 * The computing endpoints as AWS Lambda runs them: the bundle's handler, called with the events of a function URL. Cold, from a
 * process's start to its first answer, the model read from a folder and checked; warm, what a request takes beyond the model that it
 * asks, which is the library's own call with everything at hand: so with JSON, base64, PNG, and what is set up for each request.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { startTensorFlow } from '../functions/numeric-backend.ts';
import { bundleEntry } from '../infra/bundle.ts';
import { openStore } from '../lib/storage/open-store.ts';
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { type EndpointCase, endpointCases } from './endpoint-cases.ts';

const coldRounds = 5;
const warmRounds = 21;

export const endpoints: Benchmark = {
  name: 'endpoints',
  async run(log) {
    const folder = await mkdtemp(join(tmpdir(), 'stepwise-endpoints-'));
    try {
      return await measureBundle(folder, log);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function measureBundle(folder: string, log: (line: string) => void): Promise<readonly BenchmarkRow[]> {
  const [store, bundle] = [join(folder, 'store'), join(folder, 'api')];
  await mkdir(store);
  await bundleEntry('api.lambda.ts', bundle, '{}');
  await startTensorFlow('wasm-relaxed');
  const cases = await endpointCases(await openStore(store));
  const environment = { STEPWISE_STORE: store, STEPWISE_BACKEND: 'wasm-relaxed', POWERTOOLS_LOG_LEVEL: 'SILENT' };

  log(`cold, ${coldRounds} processes a case …`);
  const cold = await measureInTurn(
    Object.fromEntries(cases.map((one) => [one.name, () => answerOnce(bundle, one, environment)])),
    coldRounds,
  );
  log(`warm, ${warmRounds} requests a case …`);
  Object.assign(process.env, environment);
  const { handler } = await import(pathToFileURL(join(bundle, 'index.mjs')).href);
  const rows: BenchmarkRow[] = [];
  for (const one of cases) {
    const event = eventOf(one);
    const request = async () => {
      const { statusCode, body } = await handler(event, {});
      if (statusCode !== 200) throw new Error(`${one.path} answered ${statusCode}: ${body}`);
    };
    const warm = await measureInTurn({ request, model: one.compute }, warmRounds);
    log(`${one.name}: ${warm.request.toFixed(1)} ms, of which the model takes ${warm.model.toFixed(1)} ms`);
    const artifact = one.artifactBytes > 0 ? `, artifact of ${(one.artifactBytes / 1e6).toFixed(1)} MB` : '';
    const common = { benchmark: 'endpoints', unit: 'ms', peers: {} };
    rows.push(
      { ...common, case: `first answer of a new process: ${one.name}${artifact}`, ours: cold[one.name]!, limit: 500 },
      {
        ...common,
        case: `warm, beyond the model: ${one.name}`,
        ours: Math.max(0, warm.request - warm.model),
        limit: 5,
      },
    );
  }
  return rows;
}

/** As a function URL sends it. */
function eventOf({ path, body }: EndpointCase) {
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    requestContext: { http: { method: 'POST', path }, domainName: 'localhost' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** Of the process that answers: it gets the event by its standard input, as Lambda's runtime gets it over a socket. */
const client = `
const { handler } = await import(process.argv[1]);
let text = '';
for await (const piece of process.stdin) text += piece;
const { statusCode, body } = await handler(JSON.parse(text), {});
console.log(statusCode === 200 ? 'answered' : body);
`;

/** Until its answer is there. How long the process then takes to end is not waited for by the clock, but by the next one's start. */
async function answerOnce(bundle: string, one: EndpointCase, environment: Record<string, string>): Promise<void> {
  const index = pathToFileURL(join(bundle, 'index.mjs')).href;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', client, index], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  child.stdin.end(JSON.stringify(eventOf(one)));
  const { value: line } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  child.kill('SIGKILL');
  await exited;
  if (line !== 'answered') throw new Error(`${one.path} answered: ${line}`);
}
