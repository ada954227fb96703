/**
 * `npm run soak -- [--minutes N] [--store FOLDER] [--picture FILE.svg]`: asks `stepwise serve` everything that it answers, good and
 * bad, from eight callers at one time, and looks at the memory of its process. Exit code 1 where the memory of the second half
 * grows faster than tolerated, or an answer is the server's fault.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { encode } from 'fast-png';
import { openStore } from '../../lib/storage/open-store.ts';
import { storeModel } from '../api/api-world.ts';
import { sampleEncoder, sampleHandwriting, samplePerceptron } from '../api/sample-models.ts';
import { drawMemory, type MemorySample } from './draw-memory.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, store: { type: 'string' }, picture: { type: 'string' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error('--minutes takes a number above 0.');
  process.exit(2);
}
const callers = 8;
/** Of the resident set: what a leak of a small object a request would exceed many times. */
const tolerableMegabytesAnHour = 60;
/** V8 takes more room in steps: in a short soak one of them is no leak, if it is not larger than this share of all. */
const tolerableStep = 0.25;
const sampleMilliseconds = Math.max(500, (minutes * 60_000) / 300);

const folder = await mkdtemp(join(tmpdir(), 'stepwise-soak-'));
const location = values.store ?? join(folder, 'store');
if (values.store === undefined) await makeModels(location);

const server = spawn(
  process.execPath,
  [resolve(import.meta.dirname, '../../cli/stepwise.ts'), 'serve', '--port', '0', '--store', location],
  { stdio: ['ignore', 'pipe', 'ignore'] },
);
const [address] = (await once(createInterface(server.stdout), 'line')) as [string];
const ended = once(server, 'exit');
const requests = makeRequests();
const counts = new Map<number, number>();
let slowest = 0;
const samples: MemorySample[] = [];
const startedAt = performance.now();
const elapsedMinutes = () => (performance.now() - startedAt) / 60_000;

const watching = (async () => {
  while (elapsedMinutes() < minutes && server.exitCode === null) {
    samples.push({ minutes: elapsedMinutes(), megabytes: await residentMegabytes(server.pid!) });
    await sleep(sampleMilliseconds);
  }
})();
await Promise.all([watching, ...Array.from({ length: callers }, (_, caller) => call(caller))]);
const died = server.exitCode !== null || server.signalCode !== null;
server.kill('SIGINT');
await ended;
await rm(folder, { recursive: true, force: true });

const growth = slopeAnHour(samples.slice(Math.floor(samples.length / 2)));
const [last, highest] = [samples.at(-1)!.megabytes, Math.max(...samples.map(({ megabytes }) => megabytes))];
const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
const faults = [...counts]
  .filter(([status]) => status >= 500 && status !== 503)
  .reduce((sum, [, count]) => sum + count, 0);
console.log(
  [...counts]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', '),
);
console.log(
  `${total} requests in ${minutes} minutes, slowest ${slowest.toFixed(0)} ms; resident set ${last.toFixed(0)} MB at the end, ${highest.toFixed(0)} MB at most, ${growth.toFixed(1)} MB an hour over the second half`,
);
if (values.picture !== undefined)
  await writeFile(values.picture, await drawMemory(samples, `stepwise serve under ${callers} callers`));
if (died) console.error('The server ended by itself.');
const tolerable = Math.max(tolerableMegabytesAnHour, (tolerableStep * last * 60) / (minutes / 2));
process.exitCode = died || faults > 0 || growth > tolerable ? 1 : 0;

async function makeModels(where: string): Promise<void> {
  const store = await openStore(where);
  const models = [samplePerceptron(), sampleEncoder(), sampleHandwriting()];
  for (const [index, model] of models.entries())
    await storeModel(store, model, `20260101-00000${index}-000-run-smoke-0001`);
}

async function call(caller: number): Promise<void> {
  for (let turn = caller; elapsedMinutes() < minutes && server.exitCode === null; turn++) {
    const { path, init } = requests[turn % requests.length]!;
    const askedAt = performance.now();
    try {
      const response = await fetch(`${address}${path}`, init);
      await response.arrayBuffer();
      counts.set(response.status, (counts.get(response.status) ?? 0) + 1);
    } catch {
      // A server that refuses a body before its end may close the connection: status 0.
      counts.set(0, (counts.get(0) ?? 0) + 1);
    }
    slowest = Math.max(slowest, performance.now() - askedAt);
  }
}

function makeRequests(): readonly { readonly path: string; readonly init: RequestInit }[] {
  const post = (path: string, body: unknown) => ({
    path,
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
  });
  const get = (path: string) => ({ path, init: {} });
  const colours = Uint8Array.from({ length: 64 * 48 * 3 }, (_, index) => (37 * index) % 256);
  const image = Buffer.from(encode({ width: 64, height: 48, data: colours, channels: 3, depth: 8 })).toString('base64');
  const probabilities = {
    width: 8,
    height: 6,
    classes: 3,
    values: Array(8 * 6)
      .fill([0.5, 0.25, 0.25])
      .flat(),
  };
  return [
    ...['/', '/openapi.json', '/v1/experiments', '/v1/results', '/v1/runs', '/v1/regressions', '/v1/nothing'].map(get),
    post('/v1/digits/classify', { pixels: Array(784).fill(0.5) }),
    post('/v1/optimizers/race', { problem: 'quadratics', steps: 50 }),
    post('/v1/segmentations/refine', { image, probabilities }),
    post('/v1/sentences/encode', { sentences: ['A dog runs.', 'Nobody knows.'] }),
    post('/v1/handwriting/write', { text: 'abc' }),
    post('/v1/digits/classify', '{"pixels":[1,2'),
    post('/v1/segmentations/refine', { image: image.slice(0, 400), probabilities }),
    post('/v1/evaluations', { artifact: '/..', images: '' }),
    post('/v1/digits/classify', `"${'x'.repeat(6_000_000)}"`),
  ];
}

/** Of the process, 10⁶ bytes. Linux says it in /proc; elsewhere `ps` does. */
async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  if (status !== undefined) return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024) / 1e6;
  const ps = spawn('ps', ['-o', 'rss=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const text = (await ps.stdout.toArray()).join('');
  return (Number(text) * 1024) / 1e6;
}

/** Least squares. */
function slopeAnHour(of: readonly MemorySample[]): number {
  const count = of.length;
  const mean = (pick: (sample: MemorySample) => number) => of.reduce((sum, sample) => sum + pick(sample), 0) / count;
  const [time, memory] = [mean((sample) => sample.minutes), mean((sample) => sample.megabytes)];
  const covariance = of.reduce((sum, sample) => sum + (sample.minutes - time) * (sample.megabytes - memory), 0);
  const variance = of.reduce((sum, sample) => sum + (sample.minutes - time) ** 2, 0);
  return (60 * covariance) / Math.max(variance, 1e-12);
}
