/** All that the HTTP API knows of the world: composed by `functions/api.lambda.ts`, by `stepwise serve`, and by tests. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { NumericBackend } from '../numerics/backend.ts';
import type { ExperimentRegistry } from '../pipeline/stages.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Deadline } from './deadline.ts';
import type { ModelCache } from './model-cache.ts';

export interface ApiPorts {
  readonly store: ObjectStore;
  readonly models: ModelCache;
  /** What models compute on in this process. */
  readonly backend: NumericBackend;
  readonly threads: number;
  /** Of this process, one line; stands in the documents of runs that have not ended. */
  readonly hardware: string;
  readonly limits: ApiLimits;
  /** All experiments, at the first call: whoever only asks a model does without. */
  loadExperiments(): Promise<ExperimentRegistry>;
  /** Gets TensorFlow.js ready, at the first call; routes that compute with our own kernels do without. */
  startTensorFlow(): Promise<void>;
  /** Wall clock in milliseconds since the epoch. */
  now(): number;
  log(level: LogLevel, message: string, details: Readonly<Record<string, unknown>>): void;
}

export type LogLevel = 'info' | 'warn' | 'error';

export interface ApiLimits {
  /** Of a request's body, where the route sets no other. */
  readonly requestBytes: number;
  /** By path, where a route takes more or less: `{ '/v1/segmentations/refine': 20_000_000 }`. */
  readonly routeRequestBytes?: Readonly<Record<string, number>>;
  /** From the request's arrival to its answer. */
  readonly deadlineMilliseconds: number;
  /** Requests that compute at one time in this process; a further one is answered 503 at once. */
  readonly concurrentComputations: number;
}

export const defaultLimits: ApiLimits = {
  requestBytes: 5 * 2 ** 20,
  deadlineMilliseconds: 25_000,
  concurrentComputations: 4,
};

export interface ApiEnvironment {
  Variables: {
    /** `urn:uuid:…`, the `instance` of a problem and `request` in the log. */
    readonly requestId: string;
    /** Computations call `breathe` every few milliseconds, and end with DeadlineExceeded when it is over. */
    readonly deadline: Deadline;
  };
}

/** What a route module registers on: `export function registerDigits(app: ApiApp, ports: ApiPorts): void`. */
export type ApiApp = OpenAPIHono<ApiEnvironment>;
