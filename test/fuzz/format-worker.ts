/** Runs one target over its inputs, and says after each where it is, so that whoever watches can tell a hang. */
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { StepwiseError } from '../../lib/errors.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { type FuzzTarget, formatTargets } from './format-targets.ts';
import { mutate } from './mutate-file.ts';

export interface FuzzJob {
  readonly target: string;
  readonly seed: number;
  readonly inputs: number;
  /** [inputs begun, length of the input at work] */
  readonly progress: Int32Array<SharedArrayBuffer>;
  /** The input at work. */
  readonly current: Uint8Array<SharedArrayBuffer>;
}

export interface FuzzReport {
  readonly taken: number;
  readonly refused: number;
  /** Kinds of outcome: each is a path through the code. */
  readonly outcomes: number;
  readonly finding?: string;
  /** Bytes that live after a collection, at the middle and at the end. */
  readonly heap: readonly [middle: number, end: number];
}

const { target: name, seed, inputs, progress, current } = workerData as FuzzJob;
parentPort!.postMessage(await fuzz(formatTargets.find((candidate) => candidate.name === name)!));

async function fuzz({ samples, run, repair }: FuzzTarget): Promise<FuzzReport> {
  const random = randomStream(seed, 'fuzz', name);
  // Inputs that did something new are the next ones' parents: changes add up that would be nothing alone.
  const parents: Uint8Array[] = [...samples];
  const outcomes = new Set<string>();
  let [taken, refused, middle] = [0, 0, 0];
  for (let input = 0; input < inputs; input++) {
    const parent = parents[random.uniformInteger(parents.length)]!;
    const other = parents[random.uniformInteger(parents.length)]!;
    const changed = input < samples.length ? samples[input]! : mutate(parent, other, random);
    // Now and then as it is, for a wrong checksum is an input, too.
    const bytes = repair && input % 8 !== 0 ? repair(changed) : changed;
    current.set(bytes.subarray(0, current.length));
    Atomics.store(progress, 1, bytes.length);
    Atomics.store(progress, 0, input + 1);
    let outcome: string;
    try {
      const result = await run(bytes);
      taken++;
      outcome = `taken: ${describe(result)}`;
    } catch (error) {
      if (!(error instanceof StepwiseError)) {
        const finding = error instanceof Error ? (error.stack ?? error.message) : String(error);
        return { taken, refused, outcomes: outcomes.size, finding, heap: [0, 0] };
      }
      if (input < samples.length) {
        return { taken, refused, outcomes: 0, finding: `a whole file is refused: ${error.message}`, heap: [0, 0] };
      }
      refused++;
      outcome = `${error.name}: ${shape(error.message)}`;
    }
    if (!outcomes.has(outcome)) {
      outcomes.add(outcome);
      if (outcomes.size < 500) parents.push(Uint8Array.from(bytes));
    }
    // Node closes what it opened, and frees it, between turns.
    if (input % 100 === 0) await setImmediate();
    if (input === inputs >> 1) middle = await liveBytes();
  }
  return { taken, refused, outcomes: outcomes.size, heap: [middle, await liveBytes()] };
}

/** A message without what differs from input to input. */
function shape(message: string): string {
  return message.replaceAll(/'[^']*'|"[^"]*"|\d+/g, '#').slice(0, 120);
}

function describe(result: unknown): string {
  if (typeof result === 'string') return shape(result);
  if (typeof result !== 'object' || result === null) return String(result);
  return Object.keys(result).slice(0, 8).join();
}

async function liveBytes(): Promise<number> {
  // What a collection finds of buffers is freed after it.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
