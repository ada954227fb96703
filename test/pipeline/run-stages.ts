/** Runs the stages one after the other on a store, as the state machine would, without any engine. */
import { aggregate } from '../../lib/pipeline/aggregate.ts';
import { evaluate } from '../../lib/pipeline/evaluate.ts';
import { plan } from '../../lib/pipeline/plan.ts';
import { createRegistry } from '../../lib/pipeline/registry.ts';
import { resolve } from '../../lib/pipeline/resolve.ts';
import type { AggregateOutput, StagePorts } from '../../lib/pipeline/stages.ts';
import { train } from '../../lib/pipeline/train.ts';
import { renderReport } from '../../lib/report/render-report.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { counting } from './counting-experiment.ts';

export function testPorts(changes: Partial<StagePorts> = {}): StagePorts {
  let now = Date.UTC(2026, 0, 1);
  return {
    store: new MemoryObjectStore(),
    experiments: createRegistry([counting]),
    code: { training: async () => '0123456789abcdef', evaluation: async () => 'fedcba9876543210' },
    backend: 'wasm-relaxed',
    trainingBackend: 'wasm-relaxed',
    threads: 1,
    checkpointIntervalSeconds: 0,
    hardware: 'a test',
    startTensorFlow: async () => {},
    renderReport,
    now: () => (now += 1000),
    log: () => {},
    progress: () => {},
    notify: async () => {},
    ...changes,
  };
}

export function countingRequest(run: string, changes: Readonly<Record<string, unknown>> = {}) {
  return { run, experiment: 'test/counting', preset: 'smoke', ...changes };
}

/** Failing batches do not stop the others, as in a map with tolerance; Aggregate judges. */
export async function runStages(request: unknown, ports: StagePorts): Promise<AggregateOutput> {
  const planned = await plan(await resolve(request, ports), ports);
  const { run } = planned;
  for (let batch = 1; batch <= planned.trainBatches; batch++) await train({ run, batch }, ports).catch(() => {});
  for (let batch = 1; batch <= planned.evaluationBatches; batch++) await evaluate({ run, batch }, ports);
  return aggregate(planned, ports);
}
