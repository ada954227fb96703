/** One run that is disturbed a few times and resumed each time, until it is done. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { RandomStream } from '../../lib/numerics/random.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import type { Fault } from './faults.ts';
import type { UnreliableProxy } from './unreliable-proxy.ts';

const program = resolve(import.meta.dirname, '../../cli/stepwise.ts');
const request = ['run', 'learned-optimizers/quadratics', '--preset', 'smoke', '--set', 'episodes=40'];

export interface Place {
  readonly store: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly proxy?: UnreliableProxy | undefined;
}

/** Runs it without any fault. Returns its run. */
export async function runUndisturbed(place: Place): Promise<string> {
  const { code, stderr } = await attempt(place, request);
  if (code !== 0) throw new Error(`The undisturbed run ended with ${code}: ${stderr}`);
  return (await findRequest(await openStore(place.store)))!;
}

/**
 * The faults strike one attempt each; the attempt after them is left alone and has to end well. Returns the run and
 * how many attempts a fault really ended. Throws where the last attempt fails.
 */
export async function runDisturbed(
  place: Place,
  faults: readonly Fault[],
  random: RandomStream,
): Promise<{ readonly run: string; readonly ended: number }> {
  let ended = 0;
  for (const fault of faults) {
    const { code } = await attempt(place, await next(place), fault, random);
    if (code === 2) throw new Error(`${fault.name}: it was taken for bad usage`);
    if (code !== 0) ended++;
  }
  const { code, stderr } = await attempt(place, await next(place));
  if (code !== 0) throw new Error(`Left alone it ended with ${code}: ${stderr}`);
  return { run: (await findRequest(await openStore(place.store)))!, ended };
}

/** A run can be resumed from the moment its request is written. */
async function next(place: Place): Promise<readonly string[]> {
  const run = await findRequest(await openStore(place.store));
  return run === undefined ? request : ['resume', run];
}

async function findRequest(store: ObjectStore): Promise<string | undefined> {
  for await (const { key } of store.list('runs/')) {
    const run = key.split('/')[1]!;
    if (key === keys.request(run)) return run;
  }
  return undefined;
}

async function attempt(place: Place, args: readonly string[], fault?: Fault, random?: RandomStream) {
  const command = [process.execPath, program, ...args, '--store', place.store];
  const blocks = random && fault?.fileBlocks?.(random);
  const [file, ...rest] =
    blocks === undefined ? command : ['bash', '-c', `ulimit -f ${blocks}; exec "$@"`, 'bash', ...command];
  const child = spawn(file!, rest, {
    // A group of its own, so that it can be struck with everything it started.
    detached: true,
    env: {
      ...process.env,
      ...place.environment,
      STEPWISE_CHECKPOINT_SECONDS: '0',
      ...(random && fault?.environment?.(random)),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr!.on('data', (piece) => (stderr += piece));
  const over = once(child, 'close');
  if (random) await fault?.disturb?.({ child, random, proxy: place.proxy });
  const [code] = (await over) as [number | null];
  return { code, stderr };
}

/** What must be equal, by key: every artifact and every measurement, without the run's name. */
export async function collectResults(location: string, run: string): Promise<ReadonlyMap<string, string>> {
  const store = await openStore(location);
  const results = new Map<string, string>();
  for (const prefix of ['artifacts/', keys.measurementsPrefix(run)]) {
    for await (const { key } of store.list(prefix)) {
      const { body } = (await store.get(key))!;
      results.set(key.replace(run, 'RUN'), Buffer.from(body).toString('latin1').replaceAll(run, 'RUN'));
    }
  }
  return results;
}
