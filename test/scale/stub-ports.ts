/** The stages' ports over the stub experiment, for the engine and for its jobs alike. */
import { createRegistry } from '../../lib/pipeline/registry.ts';
import type { StagePorts } from '../../lib/pipeline/stages.ts';
import { renderReport } from '../../lib/report/render-report.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { stub } from './stub-experiment.ts';

export async function openStubPorts(store: string, progress: StagePorts['progress'] = () => {}): Promise<StagePorts> {
  return {
    store: await openStore(store),
    experiments: createRegistry([stub]),
    code: { training: async () => '0123456789abcdef', evaluation: async () => 'fedcba9876543210' },
    backend: 'wasm-plain',
    trainingBackend: 'wasm-plain',
    threads: 1,
    checkpointIntervalSeconds: 3600,
    hardware: 'a test of scale',
    startTensorFlow: async () => {},
    renderReport,
    now: () => Date.now(),
    log: () => {},
    progress,
    notify: async () => {},
  };
}
