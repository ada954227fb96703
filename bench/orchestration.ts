/**
 * What the local engine adds around the work: runs of the synthesised state machine whose handlers do nothing, beside
 * the bare interpreter's inline map over the same items, which reads no list, writes no results and tolerates no failure.
 */
import { StateMachine } from 'aws-local-stepfunctions';
import { synthesizeTemplate } from '../infra/synthesize.ts';
import { type LocalRun, runLocally } from '../lib/local/engine.ts';
import { keys } from '../lib/pipeline/keys.ts';
import { MemoryObjectStore } from '../lib/storage/memory-object-store.ts';
import { type Benchmark, measureInTurn } from './benchmark.ts';

const run = 'bench';
const nothing = async () => ({});
type PackageDefinition = ConstructorParameters<typeof StateMachine>[0];

export const orchestration: Benchmark = {
  name: 'orchestration',
  async run(log) {
    const template = await synthesizeTemplate();
    const rows = [];
    for (const { items, rounds, limitSeconds } of [
      { items: 10, rounds: 15, limitSeconds: 2 },
      { items: 1000, rounds: 5, limitSeconds: 10 },
    ]) {
      log(`${items} items …`);
      const medians = await measureInTurn(
        { ours: () => runOurs(template, items), inlineMap: () => runInlineMap(items) },
        rounds,
      );
      rows.push({
        benchmark: 'orchestration',
        case: `a run of ${items} items that do nothing`,
        unit: 's',
        ours: medians.ours / 1000,
        peers: { 'aws-local-stepfunctions, inline map': medians.inlineMap / 1000 },
        limit: limitSeconds,
        headline: true as const,
      });
    }
    log('memory …');
    rows.push({
      benchmark: 'orchestration',
      case: 'growth of the resident set by a run of 10000 items that do nothing',
      unit: 'MB',
      ours: await measureGrowth(() => runOurs(template, 10_000)),
      peers: { 'aws-local-stepfunctions, inline map': await measureGrowth(() => runInlineMap(10_000)) },
      limit: 64,
    });
    return rows;
  },
};

async function runOurs(template: unknown, items: number): Promise<void> {
  const store = new MemoryObjectStore();
  const lines = Array.from({ length: items }, (_, index) =>
    JSON.stringify({ run, batch: index + 1, evaluations: [{}] }),
  );
  await store.put(keys.evaluationBatches(run), lines.join('\n'));
  const planned = {
    run,
    toleratedFailurePercentage: 0,
    trainKey: keys.trainBatches(run),
    trainBatches: 0,
    evaluationKey: keys.evaluationBatches(run),
  };
  const handlers: LocalRun['handlers'] = {
    resolve: nothing,
    plan: async () => planned,
    evaluate: nothing,
    aggregate: nothing,
    notify: nothing,
    'record-failure': nothing,
  };
  const input: LocalRun['input'] = {
    run,
    experiment: 'bench',
    preset: 'smoke',
    overrides: {},
    datasetVersions: {},
    toleratedFailurePercentage: 0,
  };
  const result = await runLocally({
    template,
    store,
    input,
    handlers,
    jobCommand: { command: process.execPath, args: [] },
  });
  if (result.status !== 'succeeded') throw new Error(`${result.error}: ${result.cause}`);
}

async function runInlineMap(items: number): Promise<void> {
  const task = { Type: 'Task', Resource: 'local:evaluate', End: true };
  const map = {
    Type: 'Map',
    MaxConcurrency: 1,
    ItemProcessor: { StartAt: 'Evaluate', States: { Evaluate: task } },
    End: true,
  };
  const definition = { StartAt: 'Each', States: { Each: map } } as unknown as PackageDefinition;
  const machine = new StateMachine(definition, { validationOptions: { noValidate: true } });
  const input = Array.from({ length: items }, (_, index) => ({ run, batch: index + 1 }));
  await machine.run(input, { overrides: { taskResourceLocalHandlers: { Evaluate: nothing as never } } }).result;
}

/** Megabytes (10⁶ bytes) between the resident set before and its peak, looked at every 5 ms. */
async function measureGrowth(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 5);
  await work();
  look();
  clearInterval(timer);
  return (peak - before) / 1e6;
}
