/**
 * `npm run chaos -- [--runs N] [--seed N]`: runs an experiment again and again while its training, its engine and its
 * store are killed, frozen, filled up and refused at random moments, and holds what is left against an undisturbed run,
 * byte for byte. Exit code 1 where a single one differs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { randomStream } from '../../lib/numerics/random.ts';
import { s3ClientFor, startMiniStack } from '../services/ministack.ts';
import { collectResults, type Place, runDisturbed, runUndisturbed } from './disturbed-run.ts';
import { type Fault, faults } from './faults.ts';
import { startUnreliableProxy } from './unreliable-proxy.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const [runs, seed] = [Number(values.runs), Number(values.seed)];
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed)) {
  console.error('--runs takes a whole number from 1, --seed a whole number.');
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'stepwise-chaos-'));
const ministack = await startMiniStack();
const proxy = ministack && (await startUnreliableProxy(ministack.endpoint, randomStream(seed, 'proxy')));
if (ministack && proxy) {
  // This process looks into the store, too, but past the proxy.
  Object.assign(process.env, ministack.environment);
}
let equal = 0;
const struck = new Map<string, number>();
try {
  const calm: Place = { store: join(folder, 'calm'), environment: {} };
  const expected = await collectResults(calm.store, await runUndisturbed(calm));
  for (let number = 1; number <= runs; number++) {
    const random = randomStream(seed, 'chaos', number);
    const chosen = chooseFaults(random, ministack !== undefined);
    for (const { name } of chosen) struck.set(name, (struck.get(name) ?? 0) + 1);
    const place = await newPlace(
      number,
      chosen.some(({ inS3 }) => inS3),
    );
    const outcome = await runDisturbed(place, chosen, random).then(
      async ({ run, ended }) => {
        const difference = findDifference(expected, await collectResults(place.store, run));
        return difference ?? `equal, after ${ended} attempt(s) that ended early`;
      },
      (error: Error) => error.message,
    );
    if (outcome.startsWith('equal')) equal++;
    console.error(`${number}/${runs} ${chosen.map(({ name }) => name).join(' + ')}: ${outcome}`);
    if (!place.store.startsWith('s3:')) await rm(place.store, { recursive: true, force: true });
  }
} finally {
  await proxy?.stop();
  await ministack?.stop();
  await rm(folder, { recursive: true, force: true });
}
for (const [name, count] of struck) console.log(`${String(count).padStart(5)} × ${name}`);
if (proxy) {
  const kinds = Object.entries(proxy.failures).map(([kind, count]) => `${count} × ${kind}`);
  console.log(`      S3 requests that went wrong: ${kinds.join(', ')}`);
}
console.log(`${equal} of ${runs} runs bit-equal to the undisturbed one`);
process.exitCode = equal === runs ? 0 : 1;

/** One to four, so that a run is often struck while it recovers. */
function chooseFaults(random: ReturnType<typeof randomStream>, s3: boolean): readonly Fault[] {
  const inS3 = s3 && random.uniform() < 0.4;
  // Limits on files do nothing to a store in S3, and the faults of S3 nothing to a folder.
  const possible = faults.filter((fault) => (inS3 ? !fault.fileBlocks : !fault.inS3));
  const count = 1 + random.uniformInteger(4);
  return Array.from({ length: count }, () => possible[random.uniformInteger(possible.length)]!);
}

async function newPlace(number: number, inS3: boolean): Promise<Place> {
  if (!inS3 || !ministack || !proxy) return { store: join(folder, `run-${number}`), environment: {} };
  const Bucket = `run-${number}`;
  await s3ClientFor(ministack.endpoint).send(new CreateBucketCommand({ Bucket }));
  const environment = { ...ministack.environment, AWS_ENDPOINT_URL_S3: proxy.endpoint };
  return { store: `s3://${Bucket}`, environment, proxy };
}

function findDifference(expected: ReadonlyMap<string, string>, actual: ReadonlyMap<string, string>) {
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    if (!actual.has(key)) return `${key} is missing`;
    if (!expected.has(key)) return `${key} should not be there`;
    if (actual.get(key) !== expected.get(key)) return `${key} differs`;
  }
  return undefined;
}
