/**
 * `npm run scale -- [--trials N] [--trials-a-job N] [--picture FILE.svg]`: a run of as many trials as are asked for through the local engine:
 * the synthesised state machine, all stages, jobs as processes, a folder store; only the trials' own work is none. Says how long each
 * stage took, what is added to a trial, and how the engine's memory went.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { synthesizeTemplate } from '../../infra/synthesize.ts';
import { runLocally } from '../../lib/local/engine.ts';
import { aggregate } from '../../lib/pipeline/aggregate.ts';
import { evaluate } from '../../lib/pipeline/evaluate.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { plan } from '../../lib/pipeline/plan.ts';
import { formatRecord } from '../../lib/pipeline/records.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';
import { resolve as resolveStage } from '../../lib/pipeline/resolve.ts';
import { drawMemory, type MemorySample } from '../soak/draw-memory.ts';
import { stub } from './stub-experiment.ts';
import { openStubPorts } from './stub-ports.ts';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '10000' },
    'trials-a-job': { type: 'string', default: '500' },
    picture: { type: 'string' },
  },
});
const [trials, trialsAJob] = [Number(values.trials), Number(values['trials-a-job'])];
if (![trials, trialsAJob].every((number) => Number.isInteger(number) && number > 0)) {
  console.error('--trials and --trials-a-job take whole numbers above 0.');
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'stepwise-scale-'));
const startedAt = performance.now();
const seconds = () => (performance.now() - startedAt) / 1000;
const samples: MemorySample[] = [];
const look = () => samples.push({ minutes: seconds() / 60, megabytes: process.memoryUsage.rss() / 1e6 });
const began = new Map<string, number>();
try {
  const template = await synthesizeTemplate();
  const ports = await openStubPorts(folder);
  const input = runRequestSchema.parse({
    run: 'scale',
    experiment: stub.name,
    preset: 'smoke',
    overrides: { trials, trialsAJob },
  });
  await ports.store.put(keys.request(input.run), formatRecord(input));
  look();
  const timer = setInterval(look, 250);
  const timed =
    <Output>(stage: string, work: (given: unknown) => Promise<Output>) =>
    (given: unknown) => {
      if (!began.has(stage)) began.set(stage, seconds());
      return work(given);
    };
  const result = await runLocally({
    template,
    store: ports.store,
    input,
    handlers: {
      resolve: timed('resolve', (given) => resolveStage(given, ports)),
      plan: timed('plan', (given) => plan(given, ports)),
      evaluate: timed('evaluate', (given) => evaluate(given, ports)),
      aggregate: timed('aggregate', (given) => aggregate(given, ports)),
      notify: timed('notify', async () => ({})),
      'record-failure': async () => ({}),
    },
    jobCommand: { command: process.execPath, args: [resolve(import.meta.dirname, 'stub-job.ts')] },
    onEvent: (event) => {
      if (event.kind === 'stage-started' && !began.has(event.stage)) began.set(event.stage, seconds());
    },
  });
  clearInterval(timer);
  look();
  if (result.status === 'failed') throw new Error(`${result.error}: ${result.cause}`);
  if ((result.output as { verdict?: string }).verdict === 'does not hold') throw new Error('Trials were lost.');
  report(seconds());
  if (values.picture !== undefined)
    await writeFile(values.picture, await drawMemory(samples, 'the engine, over a run'));
} finally {
  await rm(folder, { recursive: true, force: true });
}

function report(total: number): void {
  const stages = [...began].sort(([, a], [, b]) => a - b);
  for (const [index, [stage, from]] of stages.entries()) {
    const took = (stages[index + 1]?.[1] ?? total) - from;
    console.log(
      `${stage.padEnd(12)} ${took.toFixed(1).padStart(8)} s  ${((1000 * took) / trials).toFixed(2).padStart(8)} ms a trial`,
    );
  }
  const memory = samples.map(({ megabytes }) => megabytes);
  console.log(
    `${trials} trials in ${total.toFixed(1)} s: ${(trials / total).toFixed(0)} a second, ${((1000 * total) / trials).toFixed(2)} ms each`,
  );
  console.log(`resident set ${memory[0]!.toFixed(0)} MB before, ${Math.max(...memory).toFixed(0)} MB at most`);
}
