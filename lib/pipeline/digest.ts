/**
 * Digests that address what was made by what made it. The same inputs give the same key on every machine; any change
 * to an input gives another key, so that a stale artifact cannot be found.
 */
import { createHash } from 'node:crypto';
import type { NumericBackend } from '../numerics/backend.ts';
import type { BaseEvaluation, BaseTrial } from './experiment.ts';

export interface PinnedDataset {
  readonly name: string;
  readonly version: string;
}

/** 32 hexadecimal digits over everything that decides an artifact's bits. */
export function digestArtifact(made: {
  readonly experiment: string;
  readonly trial: BaseTrial;
  readonly datasets: readonly PinnedDataset[];
  readonly backend: NumericBackend;
  /** Digest of the modules that training imports. */
  readonly code: string;
}): string {
  // Neither how many cores trained it nor with what it shared a job changes a bit of it, so neither may change its address.
  const { cpus: _cpus, group: _group, experiment = made.experiment, ...trial } = made.trial;
  return digestJson({ kind: 'artifact', ...made, experiment, trial, datasets: pins(made.datasets) });
}

/** 32 hexadecimal digits over everything that decides an evaluation's measurements. */
export function digestEvaluation(made: {
  readonly experiment: string;
  readonly evaluation: BaseEvaluation;
  /** Digest of each artifact that the evaluation reads, by trial. */
  readonly artifacts: Readonly<Record<string, string>>;
  readonly datasets: readonly PinnedDataset[];
  readonly backend: NumericBackend;
  /** Digest of the modules that the experiment's file imports. */
  readonly code: string;
}): string {
  return digestJson({ kind: 'evaluation', ...made, datasets: pins(made.datasets) });
}

function pins(datasets: readonly PinnedDataset[]): readonly PinnedDataset[] {
  return datasets.map(({ name, version }) => ({ name, version })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function digestJson(value: unknown): string {
  return sha256(canonicalJson(value)).slice(0, 32);
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** JSON with sorted keys and without undefined members: one text for one value. Throws TypeError for what JSON cannot carry. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`A digest covers JSON only; it cannot carry the number ${value}.`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw new TypeError(`A digest covers JSON only; it cannot carry a ${typeof value}.`);
}
