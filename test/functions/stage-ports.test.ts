import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNumericBackend } from '../../functions/numeric-backend.ts';
import { formatSubject, publishToTopic } from '../../functions/publish-to-topic.ts';
import { openStagePorts } from '../../functions/stage-ports.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-ports-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const silent = { log: () => {}, progress: () => {}, notify: async () => {} };
const open = (environment: Record<string, string>) =>
  openStagePorts(silent, { STEPWISE_STORE: folder, ...environment });

describe('the ports of a stage', () => {
  test('come from the environment', async () => {
    const ports = await open({
      STEPWISE_BACKEND: 'wasm-plain',
      STEPWISE_TRAINING_BACKEND: 'node-gpu',
      STEPWISE_THREADS: '3',
      STEPWISE_CHECKPOINT_SECONDS: '7',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '3008',
    });
    expect(ports).toMatchObject({
      backend: 'wasm-plain',
      trainingBackend: 'node-gpu',
      threads: 3,
      checkpointIntervalSeconds: 7,
      hardware: expect.stringContaining('Lambda with 3008 MB'),
    });
    expect(ports.experiments.all().length).toBeGreaterThan(0);
  });

  test('train on what they compute on, and save often on a disk, where nothing is said', async () => {
    const ports = await open({});
    expect(ports.trainingBackend).toBe(ports.backend);
    expect(ports.backend).toMatch(/^wasm-/);
    expect(ports.checkpointIntervalSeconds).toBe(2);
  });

  test.each([
    [{ STEPWISE_STORE: '' }, 'STEPWISE_STORE must be a folder'],
    [
      { STEPWISE_BACKEND: 'cuda' },
      'STEPWISE_BACKEND must be one of wasm-relaxed, wasm-plain, native, node-cpu, node-gpu, and is "cuda"',
    ],
    [{ STEPWISE_TRAINING_BACKEND: 'gpu' }, 'STEPWISE_TRAINING_BACKEND must be one of'],
    [{ STEPWISE_THREADS: '0' }, 'STEPWISE_THREADS must be a whole number above 0, and is "0"'],
    [{ STEPWISE_CHECKPOINT_SECONDS: '-1' }, 'STEPWISE_CHECKPOINT_SECONDS must be a number of seconds'],
  ])('%j is refused', async (environment, message) => {
    await expect(open(environment)).rejects.toThrow(message);
    await expect(open(environment)).rejects.toMatchObject({ name: 'InvalidEnvironment' });
  });

  test('an unset backend is the best WASM one', () => {
    expect(readNumericBackend(undefined)).toMatch(/^wasm-(relaxed|plain)$/);
  });
});

describe('telling people', () => {
  test('a subject is one line of 100 ASCII characters, whatever a run was called', () => {
    expect(formatSubject('learned-optimizers/mnist: holds')).toBe('learned-optimizers/mnist: holds');
    expect(formatSubject(`Run ${'x'.repeat(200)}`)).toHaveLength(100);
    expect(formatSubject('a\r\nBcc: b – c')).toBe('a Bcc: b c');
    expect(formatSubject('…')).toBe('Stepwise');
    expect(formatSubject('a/b: verdict flipped: holds → inconclusive')).toBe(
      'a/b: verdict flipped: holds -> inconclusive',
    );
  });

  test('without a topic nobody is told', async () => {
    await expect(publishToTopic(undefined, 'a', 'b')).resolves.toBeUndefined();
  });
});
