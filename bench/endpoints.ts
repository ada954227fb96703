/**
 * The computing endpoints as AWS Lambda runs them. Cold: from a process's start to its first answer, by the bundle, with the model read
 * from a folder and checked. Warm: what a request takes beyond the model that it asks, which is the library's own call with
 * everything at hand: so JSON, base64, PNG, and what is set up for each request; in processor time of the one thread that answers, since
 * the difference of two times that a busy machine stretches says nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { startTensorFlow } from '../functions/numeric-backend.ts';
import { bundleEntry } from '../infra/bundle.ts';
import { median } from '../lib/numerics/median.ts';
import { openStore } from '../lib/storage/open-store.ts';
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { type EndpointCase, endpointCases } from './endpoint-cases.ts';

const coldRounds = 5;
const warmBlocks = 5;
const roundsOfBlock = 8;

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
  const cold = await measureCold(cases, bundle, environment, log);
  const warm = await measureWarm(cases, environment, log);
  const common = { benchmark: 'endpoints', unit: 'ms', peers: {} };
  return cases.flatMap(({ name, artifactBytes }): BenchmarkRow[] => {
    const artifact = artifactBytes > 0 ? `, artifact of ${(artifactBytes / 1e6).toFixed(1)} MB` : '';
    return [
      {
        ...common,
        case: `first answer of a new process: ${name}${artifact}`,
        ours: cold[name]!,
        limit: 500,
        headline: true,
      },
      { ...common, case: `warm, beyond the model: ${name}`, ours: warm[name]!, limit: 5 },
    ];
  });
}

/** Medians in milliseconds by the clock, by the cases' names. */
async function measureCold(
  cases: readonly EndpointCase[],
  bundle: string,
  environment: Record<string, string>,
  log: (line: string) => void,
): Promise<Record<string, number>> {
  const processor = new Map<string, number[]>();
  const contestants = cases.map((one) => [
    one.name,
    async () => {
      const milliseconds = await answerOnce(bundle, one, environment);
      processor.set(one.name, [...(processor.get(one.name) ?? []), milliseconds]);
    },
  ]);
  const clock = await measureInTurn<string>(Object.fromEntries(contestants), coldRounds);
  for (const { name } of cases) {
    log(`cold, ${name}: ${clock[name]!.toFixed(0)} ms, processor ${median(processor.get(name)!).toFixed(0)} ms`);
  }
  return clock;
}

/** Of the process that answers: it gets the event by its standard input, as Lambda's runtime gets it over a socket. */
const client = `
const { handler } = await import(process.argv[1]);
let text = '';
for await (const piece of process.stdin) text += piece;
const { statusCode, body } = await handler(JSON.parse(text), {});
const { user, system } = process.cpuUsage();
console.log(JSON.stringify(statusCode === 200 ? { processor: (user + system) / 1000 } : { problem: body }));
`;

/** Ends with the answer. Gives the milliseconds that all threads of the process took of the processor. */
async function answerOnce(bundle: string, one: EndpointCase, environment: Record<string, string>): Promise<number> {
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
  const { processor, problem } = JSON.parse(line ?? '{"problem":"nothing"}');
  if (processor === undefined) throw new Error(`${one.path} answered ${problem}`);
  return processor;
}

/** Medians of differences in milliseconds of processor time, by the cases' names. */
async function measureWarm(
  cases: readonly EndpointCase[],
  environment: Record<string, string>,
  log: (line: string) => void,
): Promise<Record<string, number>> {
  Object.assign(process.env, environment);
  // Of the sources, not of the bundle, which would bring a second TensorFlow.js into this process.
  const { handler } = await import('../functions/api.lambda.ts');
  const differences: Record<string, number> = {};
  for (const one of cases) {
    const event = eventOf(one);
    const ask = async () => {
      const { statusCode, body } = await handler(event, {} as Context);
      if (statusCode !== 200) throw new Error(`${one.path} answered ${statusCode}: ${body}`);
    };
    const requests: number[] = [];
    const models: number[] = [];
    const beyond: number[] = [];
    // In the first block, V8 compiles what is hot.
    for (let block = 0; block <= warmBlocks; block++) {
      const [request, model] = await measureBlock(ask, one.compute);
      if (block === 0) continue;
      requests.push(request);
      models.push(model);
      beyond.push(request - model);
    }
    log(
      `warm, ${one.name}: ${median(requests).toFixed(1)} ms, of which the model takes ${median(models).toFixed(1)} ms`,
    );
    differences[one.name] = Math.max(0, median(beyond));
  }
  return differences;
}

/**
 * Means in milliseconds of the two in turn, so that what disturbs one disturbs the other. Of several rounds, for some systems count a
 * thread's time in steps of milliseconds.
 */
async function measureBlock(
  request: () => Promise<void>,
  model: () => void | Promise<void>,
): Promise<readonly [request: number, model: number]> {
  const sums: [number, number] = [0, 0];
  for (let round = 0; round < roundsOfBlock; round++) {
    sums[0] += await processorTime(request);
    sums[1] += await processorTime(model);
  }
  return [sums[0] / roundsOfBlock, sums[1] / roundsOfBlock];
}

/** Of this thread, in milliseconds, with the garbage collection that V8 puts off until a thread waits: each pays for its own. */
async function processorTime(work: () => void | Promise<void>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  await setImmediate();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/** As a function URL sends it, as far as anything looks at it. */
function eventOf({ path, body }: EndpointCase): LambdaFunctionURLEvent {
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    requestContext: { http: { method: 'POST', path }, domainName: 'localhost' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  } as unknown as LambdaFunctionURLEvent;
}
