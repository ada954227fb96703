/** From a folder of digits to a report: what an upload starts, once, and what a hostile one ends with. */
import { describe, expect, test } from 'vitest';
import { logs as logsOf } from '../../cli/commands/logs.ts';
import { executeLocally } from '../../cli/execute-run.ts';
import { main } from '../../cli/main.ts';
import { readRun } from '../../cli/read-run.ts';
import { openApiPorts } from '../../functions/api-ports.ts';
import { createApi } from '../../lib/api/create-api.ts';
import { datasetVersion } from '../../lib/datasets/dataset-version.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { sha256 } from '../../lib/pipeline/digest.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { listRuns } from '../../lib/pipeline/run-records.ts';
import { addSubscription, checkSubscription } from '../../lib/pipeline/uploads/subscriptions.ts';
import { startForUpload } from '../../lib/pipeline/uploads/uploads.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { makeOwnDigits, mnistFileNames } from '../datasets/mnist-folder.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { startStepwise } from './command-line.ts';

const experiment = 'learned-optimizers/mnist';
const silent = { print() {}, tell() {}, draw() {}, isInteractive: false, columns: 80 };

describe('a changed folder of digits', () => {
  test('starts its experiment once, however often and by how many it is uploaded, and the result is served', async () => {
    const [location, digits] = [await newTemporaryFolder(), await makeOwnDigits(300, 100)];
    const store = await openStore(location);
    await addSubscription(store, checkSubscription({ dataset: 'mnist', experiment, preset: 'smoke', seeds: 1 }));
    const upload = async () => {
      const args = ['upload', 'mnist', digits, '--start', '--store', location, '--json'];
      const { code, stdout, stderr } = await startStepwise(args).ended;
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    };
    const atOnce = await Promise.all([upload(), upload()]);
    const printed: string[] = [];
    const terminal = { ...silent, print: (text: string) => void printed.push(text) };
    expect(await main(['upload', 'mnist', digits, '--start', '--store', location, '--json'], terminal)).toBe(0);
    const later = JSON.parse(printed.join(''));
    const runs = await listRuns(store);
    expect(runs).toEqual([expect.stringMatching(/^\d{8}-\d{6}-\d{3}-mnist-smoke-[0-9a-f]{8}$/)]);
    const [run] = runs as [string];
    const outcomes: string[] = atOnce.map(({ runs }) => runs[0].outcome);
    expect(outcomes.filter((outcome) => outcome === 'started')).toHaveLength(1);
    expect(later.runs).toEqual([
      { experiment, preset: 'smoke', run, outcome: 'started before', status: 'succeeded', verdict: 'inconclusive' },
    ]);

    const api = createApi(await openApiPorts(() => {}, { STEPWISE_STORE: location }));
    const read = async (path: string) => (await api.request(path)).json();
    expect(await read('/v1/results')).toMatchObject({ results: [{ run, experiment, preset: 'smoke' }] });
    const document = await read(`/v1/results/${experiment}/${run}`);
    expect(document).toMatchObject({
      status: 'succeeded',
      datasets: [{ name: 'mnist', version: later.version, origin: 'stand-in' }],
    });
    const report = await api.request(`/reports/${run}/index.html`);
    expect(report.status).toBe(200);
    expect(await report.text()).toMatch(new RegExp(`stand-in.*not the paper’s data.*${later.version}`));
  });
});

describe('a hostile upload', () => {
  const bytes = Buffer.from('no digits');
  const files = mnistFileNames.map((name) => ({ name, size: bytes.length, sha256: sha256(bytes) }));

  test.each([
    // The first stage knows names and sizes; what only reading shows is found by whoever reads first.
    [
      'leads out of its folder',
      [{ ...files[0]!, name: '../x' }, ...files.slice(1)],
      'InvalidDataset',
      /'\.\.' segment/,
    ],
    ['lies about a hash', [{ ...files[0]!, sha256: 'f'.repeat(64) }, ...files.slice(1)], undefined, /its SHA-256 is/],
  ])('that %s starts a run, which ends as a failure that can be read', async (_, listed, error, message) => {
    const location = await newTemporaryFolder();
    const store = await openStore(location);
    const version = datasetVersion(listed);
    for (const name of mnistFileNames) await store.put(keys.datasetFile('mnist', version, name), bytes);
    const manifest = { formatVersion: 1, name: 'mnist', version, origin: 'paper', description: '', files: listed };
    await store.put(keys.datasetManifest('mnist', version), JSON.stringify(manifest));
    const subscription = checkSubscription({ dataset: 'mnist', experiment, preset: 'smoke' });
    const { run } = await startForUpload({ dataset: 'mnist', version }, subscription, {
      store,
      now: () => new Date(),
      start: async (request) => {
        const options = {
          store: location,
          engine: 'local',
          chosenBackend: detectWasmBackend(),
          priceTable: undefined,
        } as const;
        expect(await executeLocally(request, options, silent, new AbortController().signal)).not.toBe(0);
        return 'started';
      },
    });
    const { status, failure, trials } = await readRun(store, run);
    expect(status).toBe('failed');
    expect(trials.trained).toBe(0);
    if (error) {
      expect(failure?.error).toBe(error);
      expect(failure?.message).toMatch(message);
      expect(await store.head(keys.resolved(run))).toBeUndefined();
    }
    const logs: string[] = [];
    await logsOf(
      run,
      { store: location, engine: 'local' },
      { ...silent, print: (text: string) => void logs.push(text) },
    );
    expect(logs.join('\n')).toMatch(message);
  });
});
