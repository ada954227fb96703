/**
 * The evaluation Lambda, cold: from the start of a process to its first answer, and what there is to download before.
 * The bundle is the one that a deployment uploads, run by plain Node on a folder in place of the bucket. The peer is what
 * one would write without our kernels: the same optimizer in TensorFlow.js on its WASM backend, to its first update.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { openStagePorts } from '../functions/stage-ports.ts';
import { bundleCode } from '../infra/bundle.ts';
import { plan } from '../lib/pipeline/plan.ts';
import { resolve } from '../lib/pipeline/resolve.ts';
import { train } from '../lib/pipeline/train.ts';
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';

const rounds = 9;
const run = 'bench';

export const evaluation: Benchmark = {
  name: 'evaluation',
  async run(log): Promise<readonly BenchmarkRow[]> {
    const folder = await mkdtemp(join(tmpdir(), 'stepwise-bench-'));
    try {
      log('bundling');
      const { stageDirectories } = await bundleCode(join(folder, 'bundles'));
      const store = join(folder, 'store');
      log('training something to evaluate');
      await trainSomething(store);
      log(`${rounds} cold starts each`);
      const milliseconds = await measureInTurn(
        {
          ours: async () => {
            // Measured before would be read, not computed.
            await rm(join(store, 'measurements'), { recursive: true, force: true });
            await answerOnce(stageDirectories.evaluate, store);
          },
          tfjsWasm: updateOnceWithTensorFlow,
        },
        rounds,
      );
      const megabytes = (await zippedBytes(stageDirectories.evaluate)) / 1e6;
      return [
        {
          benchmark: 'evaluation',
          case: 'process start to first answer',
          unit: 'ms',
          ours: milliseconds.ours,
          peers: { 'tfjs-wasm': milliseconds.tfjsWasm },
          limit: 300,
          headline: true,
        },
        { benchmark: 'evaluation', case: 'bundle, zipped', unit: 'MB', ours: megabytes, peers: {}, limit: 3 },
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function trainSomething(store: string): Promise<void> {
  const quiet = { log: () => {}, progress: () => {}, notify: async () => {} };
  const ports = await openStagePorts(quiet, { STEPWISE_STORE: store, STEPWISE_THREADS: '1' });
  const request = { run, experiment: 'learned-optimizers/quadratics', preset: 'smoke', seeds: 1 };
  const { trainBatches } = await plan(await resolve(request, ports), ports);
  for (let batch = 1; batch <= trainBatches; batch++) await train({ run, batch }, ports);
}

async function answerOnce(directory: string, store: string): Promise<void> {
  const script = `
    const { handler } = await import(process.argv[1]);
    const { measurements } = await handler({ run: '${run}', batch: 1 }, { functionName: 'bench', awsRequestId: '1' });
    if (!(measurements > 0)) throw new Error('nothing was measured');
    process.exit(0);`;
  const environment = {
    PATH: process.env.PATH,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    STEPWISE_STORE: store,
    STEPWISE_THREADS: '1',
  };
  await startNode(script, [join(directory, 'index.mjs')], environment);
}

async function updateOnceWithTensorFlow(): Promise<void> {
  const script = `
    await import('@tensorflow/tfjs-backend-wasm');
    const tf = await import('@tensorflow/tfjs-core');
    await tf.setBackend('wasm');
    const { createCoordinatewiseLstmReference } = await import('./lib/kernels/coordinatewise-lstm-reference.ts');
    const { parameterLayout } = await import('./lib/kernels/coordinatewise-lstm-parameters.ts');
    const network = createCoordinatewiseLstmReference(
      { coordinates: 640, unrollSteps: 1, preprocessing: { kind: 'identity', scale: 1 }, hidden: 20, outputScale: 1 });
    network.setParameters(new Float32Array(parameterLayout({ inputs: 1, hidden: 20 }).size).fill(0.1));
    network.step(new Float32Array(640).fill(1), new Float32Array(640));
    process.exit(0);`;
  await startNode(script, [], process.env);
}

async function startNode(script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, ...args], { env });
}

/** Deflated as in a zip; its directory is some 100 bytes a file on top. */
async function zippedBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isFile()) bytes += 100 + deflateRawSync(await readFile(join(entry.parentPath, entry.name))).length;
  }
  return bytes;
}
