import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleCode } from '../../infra/bundle.ts';
import { type DeployableCode, projectRoot } from '../../infra/deployable-code.ts';
import { experiments } from '../../lib/experiments.ts';
import { codeDigestsFromSource } from '../../lib/pipeline/code-digest.ts';

let folder: string;
let code: DeployableCode;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-bundle-test-'));
  code = await bundleCode(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a zip of a folder's files would weigh; its directory is some 100 bytes a file on top. */
async function zippedBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => 100 + deflateRawSync(await readFile(join(parentPath, name))).length),
  );
  return sizes.reduce((total, size) => total + size, 0);
}

/** Calls a bundled handler in a plain Node process, as Lambda would, and returns how it ended. */
async function callHandler(directory: string, event: object, environment: Record<string, string>) {
  const script = `
    const { handler } = await import(process.argv[1]);
    const outcome = await handler(JSON.parse(process.argv[2]), { functionName: 'test', awsRequestId: '1' }).then(
      (output) => ({ output }), (error) => ({ error: error.name, message: error.message }));
    console.log(JSON.stringify(outcome));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script, join(directory, 'index.mjs'), JSON.stringify(event)],
    // Not the project: nothing may be found there by chance.
    { cwd: folder, env: { PATH: process.env.PATH, POWERTOOLS_LOG_LEVEL: 'SILENT', ...environment } },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

describe('the bundles', () => {
  test('each Lambda fits 3 MB zipped', async () => {
    for (const [stage, directory] of Object.entries(code.stageDirectories)) {
      expect(await zippedBytes(directory), stage).toBeLessThan(3_000_000);
    }
  });

  test('carry the code digests that the checkout computes', async () => {
    const digests = codeDigestsFromSource(projectRoot);
    const table = JSON.parse(await readFile(join(code.stageDirectories.plan, 'code-digests.json'), 'utf8'));
    expect(Object.keys(table).sort()).toEqual(
      experiments
        .all()
        .map(({ name }) => name)
        .sort(),
    );
    for (const experiment of experiments.all()) {
      expect(table[experiment.name]).toEqual({
        training: await digests.training(experiment),
        evaluation: await digests.evaluation(experiment),
      });
    }
  });

  test('hold the kernels, the worker and TensorFlow’s WASM beside the code that names them', async () => {
    const files = await readdir(code.stageDirectories.evaluate, { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining([
        ...['index.mjs', 'thread-pool-worker.mjs', 'tfjs-backend-wasm-simd.wasm'],
        ...['build/coordinatewise-lstm.relaxed.wasm', 'build/coordinatewise-lstm.plain.wasm'],
      ]),
    );
  });

  test('speak English alone', async () => {
    const directory = code.functionDirectories['start-on-upload']!;
    const files = (await readdir(directory)).filter((file) => file.endsWith('.mjs'));
    const sources = (await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))).join('');
    expect(sources).toContain('Invalid input');
    expect(sources).not.toContain('Ungültige Eingabe');
  });

  test('the starter answers without the project around it, its errors by their own names', async () => {
    const environment = { STEPWISE_STORE: 's3://bucket', STEPWISE_STATE_MACHINE: 'arn', AWS_REGION: 'eu-central-1' };
    const event = { source: 'aws.s3', 'detail-type': 'Object Deleted' };
    expect(await callHandler(code.functionDirectories['start-on-upload']!, event, environment)).toEqual({
      error: 'InvalidEvent',
      message: expect.stringContaining("must be EventBridge's 'Object Created'"),
    });
  });

  test('the evaluation answers without the project around it, its errors by their own names', async () => {
    const store = join(folder, 'store');
    await mkdir(store);
    const environment = { STEPWISE_STORE: store, STEPWISE_BACKEND: 'wasm-relaxed' };
    const event = { run: 'never-planned', batch: 0 };
    expect(await callHandler(code.stageDirectories.evaluate, event, environment)).toEqual({
      error: 'InvalidRecord',
      message: expect.stringContaining('runs/never-planned/resolved.json'),
    });
  });

  test('a request through the bundled Resolve is refused by the name that the state machine sees', async () => {
    const store = join(folder, 'other-store');
    await mkdir(store);
    const request = { run: 'a-run', experiment: 'learned-optimizers/minst', preset: 'smoke' };
    const outcome = await callHandler(code.stageDirectories.resolve, request, { STEPWISE_STORE: store });
    expect(outcome.error).toBe('UnknownExperiment');
  });

  test('the image’s context has what its Dockerfile copies, and leaves TensorFlow.js to the image', async () => {
    const files = await readdir(code.imageDirectory);
    expect(files).toEqual(
      expect.arrayContaining(['Dockerfile', 'package.json', 'package-lock.json', 'index.mjs', 'code-digests.json']),
    );
    expect(await readdir(join(code.imageDirectory, 'cli'))).toEqual(['package.json']);
    const native = 'functions/tfjs-node';
    expect(await readdir(join(code.imageDirectory, native))).toEqual(await readdir(join(projectRoot, native)));
    const sources = await Promise.all(
      files.filter((file) => file.endsWith('.mjs')).map((file) => readFile(join(code.imageDirectory, file), 'utf8')),
    );
    expect(sources.join('')).toMatch(/["']@tensorflow\/tfjs-core["']/);
  });

  test('are the same bytes when they are made again', async () => {
    const again = join(folder, 'again');
    await bundleCode(again);
    for (const file of ['plan/index.mjs', 'train/index.mjs', 'evaluate/thread-pool-worker.mjs']) {
      expect(await readFile(join(again, file)), file).toEqual(await readFile(join(folder, file)));
    }
  });
});
