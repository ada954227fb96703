/** Datasets that somebody put into the bucket by other means than `stepwise upload`: they end in the first stage. */
import { describe, expect, test } from 'vitest';
import { datasetVersion } from '../../../lib/datasets/dataset-version.ts';
import { sha256 } from '../../../lib/pipeline/digest.ts';
import { defineExperiment } from '../../../lib/pipeline/experiment.ts';
import { keys } from '../../../lib/pipeline/keys.ts';
import { createRegistry } from '../../../lib/pipeline/registry.ts';
import { resolve } from '../../../lib/pipeline/resolve.ts';
import { checkSubscription } from '../../../lib/pipeline/uploads/subscriptions.ts';
import { requestFor } from '../../../lib/pipeline/uploads/uploads.ts';
import { MemoryObjectStore } from '../../../lib/storage/memory-object-store.ts';
import { counting } from '../counting-experiment.ts';
import { testPorts } from '../run-stages.ts';

const reading = defineExperiment({ ...counting, name: 'test/reading', datasets: [{ name: 'words' }] });
const subscription = checkSubscription({ dataset: 'words', experiment: 'test/reading', preset: 'smoke' });

interface File {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}
const text = 'word';
const honest: File = { name: 'a.txt', size: 4, sha256: sha256(text) };

/** What a run of the upload ends with in Resolve. */
async function uploadAndResolve(files: readonly File[], change: object = {}) {
  const store = new MemoryObjectStore();
  const version = datasetVersion(files);
  const manifest = { formatVersion: 1, name: 'words', version, origin: 'paper', description: '', files, ...change };
  await store.put(keys.datasetFile('words', version, honest.name), text);
  await store.put(keys.datasetManifest('words', version), JSON.stringify(manifest));
  const request = requestFor({ dataset: 'words', version }, subscription, 'run');
  const outcome = await resolve(request, testPorts({ store, experiments: createRegistry([reading]) })).catch(
    (error: Error) => error,
  );
  return { outcome, resolved: await store.head(keys.resolved('run')) };
}

describe('an upload', () => {
  test('that is what its manifest says goes on', async () => {
    const { outcome, resolved } = await uploadAndResolve([honest]);
    expect(outcome).toMatchObject({ run: 'run' });
    expect(resolved).toBeDefined();
  });

  test.each([
    ['lies about a size', [{ ...honest, size: 5 }], {}, /it says that a\.txt has 5 bytes, and it has 4/],
    [
      'lies about a hash',
      [honest],
      { files: [{ ...honest, sha256: 'f'.repeat(64) }] },
      /must be the digest of its files/,
    ],
    ['lies about its version', [honest], { version: 'f'.repeat(16) }, /it is about version f{16}/],
    ['lies about its name', [honest], { name: 'mnist' }, /of 'mnist'/],
    ['names a parent folder', [{ ...honest, name: '../x' }], {}, /'\.\.' segment/],
    ['names itself', [honest, { ...honest, name: '_manifest.json' }], {}, /the manifest's own name/],
    ['names a file that is not there', [honest, { ...honest, name: 'b.txt' }], {}, /a file that is not there: b\.txt/],
    ['has no files', [], {}, /at least one file/],
    ['is of the future', [honest], { formatVersion: 2 }, /formatVersion/],
    ['has a prototype', [honest], JSON.parse('{"__proto__":{"x":1},"x":1}'), /Unrecognized key: "x"|__proto__/],
  ])('whose manifest %s ends in Resolve, readably', async (_, files, change, message) => {
    const { outcome, resolved } = await uploadAndResolve(files, change);
    expect(outcome).toMatchObject({ name: 'InvalidDataset' });
    expect((outcome as Error).message).toMatch(message);
    expect((outcome as Error).message).toMatch(/^datasets\/words\/[0-9a-f]{16}\/_manifest\.json describes no dataset/);
    expect((outcome as Error).message.length).toBeLessThan(1_000);
    expect(resolved).toBeUndefined();
  });

  test('whose manifest lists a million files ends there too, unread', async () => {
    const store = new MemoryObjectStore();
    const version = datasetVersion([honest]);
    const million = `[${`${JSON.stringify(honest)},`.repeat(999_999)}${JSON.stringify(honest)}]`;
    const about = { formatVersion: 1, name: 'words', version, origin: 'paper', description: '' };
    const manifest = `${JSON.stringify(about).slice(0, -1)},"files":${million}}`;
    await store.put(keys.datasetManifest('words', version), manifest);
    store.get = async (key) => expect.unreachable(key);
    const request = requestFor({ dataset: 'words', version }, subscription, 'run');
    await expect(resolve(request, testPorts({ store, experiments: createRegistry([reading]) }))).rejects.toThrow(
      /^datasets\/words\/\w+\/_manifest\.json describes no dataset.*a manifest has 33554432 at most/,
    );
  });
});
