/** SIGKILL at random moments of training: what is left in the end is what an undisturbed training leaves, bit for bit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openStagePorts } from '../../functions/stage-ports.ts';
import { type RandomStream, randomStream } from '../../lib/numerics/random.ts';
import { hasArtifact, readCheckpoint } from '../../lib/pipeline/artifacts.ts';
import type { ProgressEvent } from '../../lib/pipeline/events.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { plan } from '../../lib/pipeline/plan.ts';
import { plannedTrialSchema } from '../../lib/pipeline/records.ts';
import { resolve as resolveRequest } from '../../lib/pipeline/resolve.ts';
import type { StagePorts } from '../../lib/pipeline/stages.ts';
import { readLines } from '../../lib/storage/json-lines.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

const root = resolve(import.meta.dirname, '../..');
const run = 'killed';
const leastKills = 20;
/** More than the kills can use up, each of which lets a few episodes pass. */
const episodes = 80;

it(`survives ${leastKills} SIGKILLs at random moments, mostly going on from a checkpoint, to the same bits`, async () => {
  const undisturbed = await planTraining();
  expect(await runJob(undisturbed.folder, async () => {})).toBe(0);

  const killed = await planTraining();
  const random = randomStream(1, 'kills');
  let kills = 0;
  let resumes = 0;
  while (!(await hasArtifact(killed.ports.store, killed.digest))) {
    const checkpoint = await readCheckpoint(killed.ports.store, killed.digest);
    if (checkpoint && checkpoint.step > 0) resumes++;
    const code = await runJob(killed.folder, kills < leastKills ? (job) => killAtRandom(job, random) : async () => {});
    expect([0, -1]).toContain(code);
    if (code !== 0) kills++;
  }
  expect(killed.digest).toBe(undisturbed.digest);
  expect(kills).toBeGreaterThanOrEqual(leastKills);
  expect(resumes).toBeGreaterThanOrEqual(leastKills / 2);
  for (const key of [keys.artifactModel, keys.artifactMetrics, keys.artifactManifest]) {
    const [before, after] = [undisturbed, killed].map(({ ports }) => ports.store.get(key(killed.digest)));
    expect((await after)?.body).toEqual((await before)?.body);
  }
});

/** A store of its own, with the first trial of a small run planned as batch 1. */
async function planTraining(): Promise<{ folder: string; ports: StagePorts; digest: string }> {
  const folder = join(await newTemporaryFolder(), 'store');
  const quiet = { log: () => {}, progress: () => {}, notify: async () => {} };
  const ports = await openStagePorts(quiet, { STEPWISE_STORE: folder });
  const request = { run, experiment: 'learned-optimizers/quadratics', preset: 'smoke', overrides: { episodes } };
  await plan(await resolveRequest(request, ports), ports);
  for await (const { digest } of readLines(ports.store, keys.trials(run), plannedTrialSchema))
    return { folder, ports, digest };
  throw new Error('the plan has no trials');
}

/** The training job as the laptop's engine starts it. Resolves to its exit code, -1 where it was killed. */
async function runJob(store: string, disturb: (job: ChildProcess) => Promise<void>): Promise<number> {
  const job = spawn(process.execPath, [join(root, 'functions/train.container.ts')], {
    env: {
      ...process.env,
      STEPWISE_STORE: store,
      STEPWISE_RUN: run,
      STEPWISE_BATCH: '1',
      STEPWISE_THREADS: '1',
      STEPWISE_CHECKPOINT_SECONDS: '0',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(job, 'exit');
  await Promise.race([disturb(job), ended]);
  const [code] = await ended;
  return code ?? -1;
}

/** Mostly amid an episode a little further on; now and then while the process is still starting. */
async function killAtRandom(job: ChildProcess, random: RandomStream): Promise<void> {
  if (random.uniform() < 0.2) {
    await sleep(random.uniform() * 250);
  } else {
    let left = 1 + random.uniformInteger(3);
    await new Promise<void>((done) => {
      job.on('message', (event: ProgressEvent) => {
        if (event.kind === 'item-progress' && --left === 0) done();
      });
    });
    await sleep(random.uniform() * 20);
  }
  job.kill('SIGKILL');
}
