/** What the stages know of the world when they run on this machine, and the job that stands for a container. */
import { availableParallelism } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { TfjsNodeMissing } from '../functions/errors.ts';
import { openStagePorts } from '../functions/stage-ports.ts';
import { findTfjsNode } from '../functions/tfjs-node/location.ts';
import { findNativeKernels } from '../lib/kernels/native-kernels.ts';
import type { LocalRun } from '../lib/local/engine.ts';
import { detectWasmBackend, type NumericBackend, numericBackends } from '../lib/numerics/backend.ts';
import { aggregate } from '../lib/pipeline/aggregate.ts';
import { projectRootOfThisFile } from '../lib/pipeline/code-digest.ts';
import type { PriceTable } from '../lib/pipeline/cost/prices.ts';
import { evaluate } from '../lib/pipeline/evaluate.ts';
import type { ProgressEvent } from '../lib/pipeline/events.ts';
import { notify } from '../lib/pipeline/notify.ts';
import { plan } from '../lib/pipeline/plan.ts';
import { recordFailure } from '../lib/pipeline/record-failure.ts';
import { resolve } from '../lib/pipeline/resolve.ts';
import type { StagePorts } from '../lib/pipeline/stages.ts';
import { InvalidUsage } from './errors.ts';

export interface LocalOptions {
  /** A folder or `s3://…`, as the user gave it. */
  readonly store: string;
  readonly backend: NumericBackend;
  readonly threads: number | undefined;
  readonly prices?: PriceTable | undefined;
  onEvent(event: ProgressEvent): void;
  /** Nobody where absent: the terminal says how the run ended. */
  notify?: StagePorts['notify'] | undefined;
  log(message: string, details?: Readonly<Record<string, unknown>>): void;
}

export interface LocalWorld extends Pick<LocalRun, 'handlers' | 'jobCommand'> {
  readonly ports: StagePorts;
  readonly threads: number;
}

/**
 * `wasm`: the best of its kind here; `native`: that with the kernels compiled for this processor; `node`: TensorFlow on the
 * processor; or a backend by its full name. Throws InvalidUsage, TfjsNodeMissing, KernelBackendError.
 */
export function chooseBackend(name: string | undefined): NumericBackend {
  if (name === undefined || name === 'wasm') return detectWasmBackend();
  const backend = name === 'node' ? 'node-cpu' : numericBackends.find((known) => known === name);
  if (!backend)
    throw new InvalidUsage(
      `--backend is wasm, native or node, or one of ${numericBackends.join(', ')}, and got '${name}'.`,
    );
  if (backend.startsWith('node-') && !findTfjsNode()) throw new TfjsNodeMissing(backend);
  if (backend === 'native') findNativeKernels();
  return backend;
}

/** Absolute, for a child process may have another working directory; an address stays as it is. */
export function absoluteLocation(store: string): string {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(store) ? store : resolvePath(store);
}

export async function openLocalWorld(options: LocalOptions): Promise<LocalWorld> {
  const { backend, log, onEvent: progress } = options;
  const threads = options.threads ?? availableParallelism();
  const { STEPWISE_CHECKPOINT_SECONDS } = process.env;
  const environment = {
    STEPWISE_STORE: absoluteLocation(options.store),
    STEPWISE_BACKEND: backend,
    // Jobs inherit only what AWS Batch would give them.
    ...(STEPWISE_CHECKPOINT_SECONDS === undefined ? {} : { STEPWISE_CHECKPOINT_SECONDS }),
  };
  const opened = await openStagePorts(
    { log, progress, notify: options.notify ?? (async () => {}) },
    { ...environment, STEPWISE_THREADS: String(threads) },
  );
  const ports: StagePorts = { ...opened, ...(options.prices && { prices: options.prices }) };
  return {
    ports,
    threads,
    handlers: {
      resolve: (input) => resolve(input, ports),
      plan: (input) => plan(input, ports),
      evaluate: (input) => evaluate(input, ports),
      aggregate: (input) => aggregate(input, ports),
      notify: (input) => notify(input, ports),
      'record-failure': (input) => recordFailure(input, ports),
    },
    jobCommand: {
      command: process.execPath,
      args: [join(projectRootOfThisFile(), 'functions', 'train.container.ts')],
      environment: {
        ...environment,
        NODE_COMPILE_CACHE: join(projectRootOfThisFile(), 'node_modules', '.cache', 'stepwise', 'compile'),
      },
    },
  };
}
