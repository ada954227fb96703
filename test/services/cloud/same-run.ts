/** Two runs of one request: what of them must be the same, to the byte. */
import { expect } from 'vitest';
import { keys } from '../../../lib/pipeline/keys.ts';
import type { RunDocument } from '../../../lib/pipeline/run-document.ts';
import type { ObjectStore } from '../../../lib/storage/object-store.ts';
import { openStore } from '../../../lib/storage/open-store.ts';

/** What of a run's document says nothing of where and when it ran. */
export function comparable(document: RunDocument) {
  const { experiment, preset, params, status, trials, missing, verdict, tables, datasets } = document;
  return { experiment, preset, params, status, trials, missing, verdict, tables, datasets };
}

/**
 * Measurements, plan and pictures of the run; all its artifacts. What is left to train is planned anew where an
 * earlier execution of the run was stopped: which of its trainings had ended by then is chance (`stoppedBefore`).
 */
export async function expectSameObjects(
  inCloud: ObjectStore,
  runs: {
    readonly actual: RunDocument;
    readonly local: string;
    readonly expected: RunDocument;
    readonly stoppedBefore?: boolean;
  },
): Promise<void> {
  const inFolder = await openStore(runs.local);
  const planned = [keys.measurementsPrefix, keys.trials, keys.evaluationBatches];
  if (!runs.stoppedBefore) planned.push(keys.trainBatches);
  for (const prefix of planned) {
    const expected = await readAll(inFolder, prefix(runs.expected.run));
    const actual = await readAll(inCloud, prefix(runs.actual.run));
    expect(expected.length).toBeGreaterThan(0);
    const texts = actual.map(([, text]) => text.replaceAll(runs.actual.run, runs.expected.run));
    expect(texts).toEqual(expected.map(([, text]) => text));
  }
  const artifacts = await readAll(inFolder, 'artifacts/');
  expect(artifacts.length).toBeGreaterThan(0);
  for (const [key, bytes] of artifacts) {
    expect(Buffer.from((await inCloud.get(key))!.body).toString('latin1'), key).toBe(bytes);
  }
}

/** Every object below a prefix, in the keys' order. */
export async function readAll(store: ObjectStore, prefix: string): Promise<readonly (readonly [string, string])[]> {
  const objects: [string, string][] = [];
  for await (const { key } of store.list(prefix)) {
    objects.push([key, Buffer.from((await store.get(key))!.body).toString('latin1')]);
  }
  return objects.sort(([a], [b]) => (a < b ? -1 : 1));
}
