/** The HTTP API over a store in memory, asked without a network, with its log kept. */
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { createApi } from '../../lib/api/create-api.ts';
import { ModelCache } from '../../lib/api/model-cache.ts';
import { type ApiLimits, type ApiPorts, defaultLimits } from '../../lib/api/ports.ts';
import { experiments as allExperiments } from '../../lib/experiments.ts';
import { encodeSafetensors, type NamedTensors } from '../../lib/numerics/safetensors.ts';
import { sha256 } from '../../lib/pipeline/digest.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { artifactManifestSchema, formatRecord } from '../../lib/pipeline/records.ts';
import { addToResultIndex } from '../../lib/pipeline/result-index.ts';
import type { ExperimentRegistry } from '../../lib/pipeline/stages.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What a test expects of it, the test says.
  // biome-ignore lint/suspicious/noExplicitAny: an answer's JSON
  readonly json: any;
}

export interface ApiWorld {
  readonly ports: ApiPorts;
  readonly store: ObjectStore;
  readonly log: LogLine[];
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Any request: a body that is no JSON, another method. */
  ask(path: string, init: RequestInit): Promise<Answer>;
}

export function apiWorld(
  options: {
    readonly limits?: Partial<ApiLimits>;
    readonly loopback?: boolean;
    readonly store?: ObjectStore;
    readonly now?: () => number;
    readonly experiments?: ExperimentRegistry;
  } = {},
): ApiWorld {
  const { limits = {}, loopback = false, store = new MemoryObjectStore(), now = () => Date.now() } = options;
  const { experiments = allExperiments } = options;
  const log: LogLine[] = [];
  const ports: ApiPorts = {
    store,
    loadExperiments: async () => experiments,
    models: new ModelCache({ store, now }),
    backend: 'wasm-relaxed',
    threads: 1,
    hardware: 'a test',
    limits: { ...defaultLimits, ...limits },
    startTensorFlow: () => startTensorFlow('wasm-relaxed'),
    now,
    log: (level, message, details) => log.push({ level, message, details }),
  };
  const app = createApi(ports, { loopback });
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await app.request(path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return {
    ...{ ports, store, log, ask },
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface StoredModel {
  readonly experiment: string;
  readonly trial: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
  readonly datasets?: readonly { readonly name: string; readonly version: string }[];
}

/** As a finished run of the model's experiment leaves it; gives the artifact's digest. */
export async function storeModel(
  store: ObjectStore,
  { experiment, trial, tensors, metadata, datasets = [] }: StoredModel,
  run = '20260101-000000-000-run-smoke-0001',
): Promise<string> {
  const model = encodeSafetensors(tensors, metadata);
  const digest = sha256(model).slice(0, 32);
  await store.put(keys.artifactModel(digest), model);
  const files = { 'model.safetensors': sha256(model), 'metrics.jsonl': sha256('') };
  const manifest = artifactManifestSchema.parse({
    ...{ formatVersion: 1, digest, experiment, trial, datasets, files },
    ...{ backend: 'wasm-relaxed', code: '0123456789abcdef' },
  });
  await store.put(keys.artifactManifest(digest), formatRecord(manifest));
  await store.put(keys.trials(run), `${JSON.stringify({ trial, digest })}\n`);
  const finishedAt = '2026-01-01T00:00:10.000Z';
  await addToResultIndex(store, { run, experiment, preset: 'smoke', outcome: 'holds', finishedAt });
  return digest;
}
