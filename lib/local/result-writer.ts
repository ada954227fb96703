/**
 * The Distributed Map's result writer, in the layout of AWS: `{prefix}/{map run}/SUCCEEDED_0.json`, `FAILED_0.json` and,
 * last, `manifest.json`. A file is written as soon as it is full, so that memory does not grow with the number of items.
 */
import type { ObjectStore } from '../storage/object-store.ts';
import type { Outcome } from './interpreter.ts';
import type { Json } from './template-resources.ts';

const fileBytes = 2 ** 20;

export interface ItemResult {
  readonly name: string;
  readonly input: Json;
  readonly outcome: Outcome;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly stoppedAt: number;
}

export interface ResultWriterOptions {
  readonly store: ObjectStore;
  /** The bucket's name, for the manifest. */
  readonly bucket: string;
  readonly prefix: string;
  readonly mapRun: string;
}

interface ResultFile {
  readonly Key: string;
  readonly Size: number;
}

type FileKind = 'FAILED' | 'SUCCEEDED';

export class ResultWriter {
  readonly #options: ResultWriterOptions;
  readonly #folder: string;
  readonly #pending: Record<FileKind, { records: string[]; bytes: number }>;
  readonly #files: Record<FileKind, ResultFile[]> = { FAILED: [], SUCCEEDED: [] };

  constructor(options: ResultWriterOptions) {
    this.#options = options;
    this.#folder = `${options.prefix.replace(/\/$/, '')}/${options.mapRun}`;
    this.#pending = { FAILED: { records: [], bytes: 0 }, SUCCEEDED: { records: [], bytes: 0 } };
  }

  async add(result: ItemResult): Promise<void> {
    const kind = result.outcome.status === 'succeeded' ? 'SUCCEEDED' : 'FAILED';
    const pending = this.#pending[kind];
    const record = JSON.stringify(formatResult(result, this.#options.mapRun));
    pending.records.push(record);
    pending.bytes += record.length;
    if (pending.bytes >= fileBytes) await this.#flush(kind);
  }

  /** Writes what is left and the manifest; returns the manifest's key. */
  async close(): Promise<string> {
    await this.#flush('SUCCEEDED');
    await this.#flush('FAILED');
    const key = `${this.#folder}/manifest.json`;
    const manifest = {
      DestinationBucket: this.#options.bucket,
      MapRunArn: mapRunArn(this.#options.mapRun),
      ResultFiles: { FAILED: this.#files.FAILED, PENDING: [], SUCCEEDED: this.#files.SUCCEEDED },
    };
    await this.#options.store.put(key, JSON.stringify(manifest));
    return key;
  }

  async #flush(kind: FileKind): Promise<void> {
    const { records } = this.#pending[kind];
    if (records.length === 0) return;
    this.#pending[kind] = { records: [], bytes: 0 };
    const key = `${this.#folder}/${kind}_${this.#files[kind].length}.json`;
    const body = Buffer.from(`[${records.join(',')}]`);
    this.#files[kind].push({ Key: key, Size: body.length });
    await this.#options.store.put(key, body);
  }
}

export function mapRunArn(mapRun: string): string {
  return `local:mapRun:${mapRun}`;
}

function formatResult({ name, input, outcome, startedAt, stoppedAt }: ItemResult, mapRun: string): object {
  const status = outcome.status.toUpperCase();
  return {
    ...(outcome.status === 'failed' ? { Cause: outcome.cause, Error: outcome.error } : {}),
    ExecutionArn: `local:execution:${mapRun}:${name}`,
    Input: JSON.stringify(input),
    InputDetails: { Included: true },
    Name: name,
    ...(outcome.status === 'succeeded' ? { Output: JSON.stringify(outcome.output) } : {}),
    OutputDetails: { Included: true },
    StartDate: formatTime(startedAt),
    StateMachineArn: `local:stateMachine:${mapRun}`,
    Status: status,
    StopDate: formatTime(stoppedAt),
  };
}

function formatTime(millisecondsSinceEpoch: number): string {
  return new Date(millisecondsSinceEpoch).toISOString();
}
