/**
 * `npm run fuzz:endpoints -- [--inputs N] [--seed N]`: sends changed requests to the HTTP API in this process and counts what
 * it answers. Exit code 1 where an answer is the server's fault, is no problem document, tells of what lies inside, or is
 * late; each such request is printed with its number, and `--only NUMBER` sends it alone.
 */
import { parseArgs } from 'node:util';
import { encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { formatRecord } from '../../lib/pipeline/records.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { type Answer, apiWorld, storeModel } from '../api/api-world.ts';
import { sampleEncoder, sampleHandwriting, samplePerceptron, sampleSegmentation } from '../api/sample-models.ts';
import { mutateBody, mutatePath, pick } from './mutate-request.ts';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const [inputs, seed, only] = [Number(values.inputs), Number(values.seed), Number(values.only ?? 0)];
if (![inputs, seed, only].every((number) => Number.isInteger(number) && number >= 0)) {
  console.error('--inputs, --seed and --only take whole numbers.');
  process.exit(2);
}

/** A request may compute for so long; one that is not answered a second later hangs. */
const deadlineMilliseconds = 2_000;
const lateMilliseconds = deadlineMilliseconds + 1_000;

await startTensorFlow('wasm-relaxed');
const store = new MemoryObjectStore();
const perceptron = await storeModel(store, samplePerceptron(), '20260101-perceptron');
await storeModel(store, sampleEncoder(), '20260102-encoder');
await storeModel(store, sampleHandwriting(), '20260103-handwriting');
await storeModel(store, sampleSegmentation(), '20260104-segmentation');
const run = '20260105-open';
await store.put(keys.request(run), formatRecord({ run, experiment: 'learned-optimizers/quadratics', preset: 'smoke' }));
await store.put(keys.report(run, 'index.html'), '<!doctype html>');
const world = apiWorld({ store, limits: { deadlineMilliseconds } });

const [width, height] = [16, 12];
const colours = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 37) % 256);
const png = Buffer.from(encodePng({ width, height, data: colours, channels: 3, depth: 8 })).toString('base64');
const withAlpha = Uint8Array.from({ length: width * height * 4 }, (_, index) => (index * 37) % 256);
const photograph = jpeg.encode({ width, height, data: withAlpha }, 80).data.toString('base64');
const probabilities = { width, height, classes: 2, values: Array<number>(width * height * 2).fill(0.5) };

const bodies = {
  '/v1/evaluations': [{ artifact: perceptron, images: Buffer.alloc(784 * 2, 77).toString('base64'), labels: [3, 4] }],
  '/v1/digits/classify': [{ pixels: Array<number>(784).fill(0.5) }],
  '/v1/optimizers/race': [
    { problem: 'quadratics', optimizers: ['ADAM', 'LSTM'], steps: 5, seed: 3 },
    { problem: 'mnist' },
  ],
  '/v1/segmentations/refine': [
    { image: png, probabilities, alpha: 0.5, radius: 3 },
    {
      image: photograph,
      probabilities: { ...probabilities, width: 8, height: 6, values: Array<number>(96).fill(0.5) },
    },
    { image: png, backEnd: 'large-fov' },
  ],
  '/v1/sentences/encode': [{ sentences: ['a dog runs .', 'a cat'] }],
  '/v1/handwriting/write': [{ text: 'abc a', bias: 1, seed: 2 }],
};
const paths = [
  ...['/v1/experiments', '/v1/results?experiment=layer-norm/handwriting&limit=5', '/v1/runs', '/openapi.json'],
  ...[`/v1/results/layer-norm/handwriting/20260103-handwriting`, `/v1/runs/${run}`, '/v1/regressions?limit=3'],
  ...[`/v1/runs/${run}/comparison/${run}`, `/reports/${run}/index.html`],
];

const counts = new Map<string, number>();
const findings: string[] = [];
let slowest = 0;
const heapBefore = heapMegabytes();
for (let number = 1; number <= inputs; number++) {
  if (only !== 0 && number !== only) continue;
  const { name, path, init } = makeRequest(number);
  const startedAt = performance.now();
  const answer = await world.ask(path, init);
  const milliseconds = performance.now() - startedAt;
  slowest = Math.max(slowest, milliseconds);
  const key = `${name} ${answer.status}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
  const problem = findProblem(answer, milliseconds);
  if (problem) findings.push(`${number}: ${name}: ${problem}`);
  // Its lines were looked at; ten thousand requests' would be all of the memory.
  world.log.splice(0);
}

for (const [key, count] of [...counts].sort()) console.log(`${String(count).padStart(7)}  ${key}`);
console.log(`slowest ${slowest.toFixed(0)} ms; heap ${heapBefore} MB before, ${heapMegabytes()} MB after`);
for (const finding of findings.slice(0, 50)) console.error(finding);
console.log(`${inputs} requests, seed ${seed}: ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;

/** By its number alone, so that one of them can be sent again without the others. */
function makeRequest(number: number): { readonly name: string; readonly path: string; readonly init: RequestInit } {
  const random = randomStream(seed, 'endpoints', number);
  if (pick(random, 5) === 0) {
    const own = paths[pick(random, paths.length)]!;
    return { name: 'GET', path: pick(random, 10) === 0 ? own : mutatePath(own, random), init: {} };
  }
  const entries = Object.entries(bodies);
  const [path, own] = entries[pick(random, entries.length)]!;
  const accept = ['application/json', 'image/png', 'image/svg+xml', '*/*', 'text/*;q=x', ''][pick(random, 6)]!;
  const headers = { 'content-type': pick(random, 200) === 0 ? 'text/json' : 'application/json', accept };
  const body = mutateBody(own[pick(random, own.length)]!, random);
  return { name: `POST ${path}`, path, init: { method: 'POST', headers, body } };
}

function findProblem({ status, headers, text, json }: Answer, milliseconds: number): string | undefined {
  if (milliseconds > lateMilliseconds) return `answered after ${milliseconds.toFixed(0)} ms`;
  if (status < 400) return undefined;
  if (status >= 500 && status !== 503) {
    const { details } = world.log.find(({ level }) => level === 'error') ?? {};
    return `${status}: ${String(details?.stack ?? details?.reason).slice(0, 600)}`;
  }
  if (headers.get('content-type') !== 'application/problem+json') return `${status} is no problem document`;
  if (json?.status !== status || !/^urn:uuid:[0-9a-f-]{36}$/.test(json.instance))
    return `${status}: ${text.slice(0, 200)}`;
  if (!world.log.some(({ details }) => details.request === json.instance)) return 'the log knows nothing of it';
  // What was sent may come back in the message, in quotes and cut; nothing of this machine may.
  if (/node_modules|\bat \w+ \(|\/lib\/|file:\/\/|memory:/.test(text))
    return `tells what lies inside: ${text.slice(0, 300)}`;
  if (text.length > 4_000) return `a problem document of ${text.length} characters`;
  return undefined;
}

function heapMegabytes(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20);
}
