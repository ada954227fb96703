import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStagePorts } from '../../functions/stage-ports.ts';
import { projectRoot } from '../../infra/deployable-code.ts';
import { hasArtifact } from '../../lib/pipeline/artifacts.ts';
import type { ProgressEvent } from '../../lib/pipeline/events.ts';
import { plan } from '../../lib/pipeline/plan.ts';
import { type TrainBatch, trainBatchSchema } from '../../lib/pipeline/records.ts';
import { resolve } from '../../lib/pipeline/resolve.ts';
import type { StagePorts } from '../../lib/pipeline/stages.ts';
import { readLines } from '../../lib/storage/json-lines.ts';

let folder: string;
let ports: StagePorts;
const batches: TrainBatch[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-container-'));
  const silent = { log: () => {}, progress: () => {}, notify: async () => {} };
  ports = await openStagePorts(silent, { STEPWISE_STORE: folder, STEPWISE_BACKEND: 'wasm-plain' });
  const request = { run: 'a-run', experiment: 'learned-optimizers/quadratics', preset: 'smoke' };
  const { trainKey } = await plan(await resolve(request, ports), ports);
  for await (const batch of readLines(ports.store, trainKey, trainBatchSchema)) batches.push(batch);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(projectRoot, 'functions/train.container.ts')], {
    env: {
      ...{ PATH: process.env.PATH, STEPWISE_STORE: folder, STEPWISE_BACKEND: 'wasm-plain', STEPWISE_THREADS: '1' },
      ...{ AWS_BATCH_JOB_ID: 'job', AWS_BATCH_JOB_ATTEMPT: '1', ...environment },
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const events: ProgressEvent[] = [];
  const output = { stdout: '', stderr: '' };
  child.on('message', (event) => events.push(event as ProgressEvent));
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]!.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const exited = once(child, 'exit').then(([code]) => code);
  // After the last of its output.
  const ended = once(child, 'close').then(([code]) => ({ code, events, ...output }));
  return { child, exited, ended };
}

describe('the training container', () => {
  test('trains its batch and tells its parent', async () => {
    const { batch, trials } = batches[0]!;
    const { code, events, stderr } = await start({ STEPWISE_RUN: 'a-run', STEPWISE_BATCH: String(batch) }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const finished = events.filter(({ kind }) => kind === 'item-finished');
    expect(finished).toEqual(
      trials.map(({ trial: { name } }) => ({ kind: 'item-finished', stage: 'train', item: name, outcome: 'done' })),
    );
    for (const { digest } of trials) expect(await hasArtifact(ports.store, digest)).toBe(true);
  });

  test.each([
    [{ STEPWISE_RUN: 'no-such-run', STEPWISE_BATCH: '0' }, 'ObjectNotFound', 'runs/no-such-run/plan.jsonl'],
    [
      { STEPWISE_RUN: 'a-run', STEPWISE_BATCH: 'x' },
      'InvalidEnvironment',
      'STEPWISE_BATCH must be the number of a batch',
    ],
    [{ STEPWISE_BATCH: '0' }, 'InvalidEnvironment', 'STEPWISE_RUN must be the name of a run, and is not set'],
  ])('%j ends with 1 and one line of JSON', async (environment, name, message) => {
    const { code, stderr } = await start(environment as Record<string, string>).ended;
    expect(code).toBe(1);
    const last = JSON.parse(stderr.trim().split('\n').at(-1)!);
    expect(last).toEqual({ error: name, message: expect.stringContaining(message) });
  });

  test('ends with 143 on SIGTERM, and when its parent is gone', async () => {
    const lastBatch = String(batches.at(-1)!.batch);
    const terminated = start({ STEPWISE_RUN: 'a-run', STEPWISE_BATCH: lastBatch });
    await once(terminated.child.stdout!, 'data');
    terminated.child.kill('SIGTERM');
    expect(await terminated.exited).toBe(143);
    const orphaned = start({ STEPWISE_RUN: 'a-run', STEPWISE_BATCH: lastBatch });
    await once(orphaned.child.stdout!, 'data');
    orphaned.child.disconnect();
    expect(await orphaned.exited).toBe(143);
  });
});
