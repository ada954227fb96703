import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lambdaHandler } from '../../functions/lambda-handler.ts';
import { UnknownExperiment } from '../../lib/pipeline/errors.ts';

let folder: string;
let lines: Record<string, unknown>[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-lambda-'));
  vi.stubEnv('STEPWISE_STORE', folder);
  vi.stubEnv('STEPWISE_BACKEND', 'wasm-plain');
  // Powertools writes to a console of its own unless it is told that this is development.
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  lines = [];
  for (const level of ['info', 'error'] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => {
      lines.push(JSON.parse(line));
    });
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const context = { functionName: 'plan', awsRequestId: 'request-1' } as Context;

describe('a Lambda handler', () => {
  test('hands the event and the ports to its stage, and opens them once', async () => {
    const opened = new Set<unknown>();
    const handler = lambdaHandler('plan', async (input, ports) => {
      opened.add(ports);
      return { input, backend: ports.backend };
    });
    const event = { run: 'a', more: true };
    expect(await handler(event, context)).toEqual({ input: event, backend: 'wasm-plain' });
    await handler(event, context);
    expect(opened.size).toBe(1);
  });

  test('logs with the run and the batch of this event, not of the one before', async () => {
    const handler = lambdaHandler('evaluate', async (_, { log }) => log('measured', { count: 3 }));
    await handler({ run: 'first', batch: 7 }, context);
    await handler({ run: 'second' }, context);
    expect(lines).toMatchObject([
      { message: 'measured', count: 3, run: 'first', batch: 7, service: 'stepwise-evaluate' },
      { message: 'measured', run: 'second' },
    ]);
    expect(lines[1]).not.toHaveProperty('batch');
  });

  test('lets an error out under its own name, because the state machine catches by it', async () => {
    const handler = lambdaHandler('resolve', async () => {
      throw new UnknownExperiment('x', undefined);
    });
    await expect(handler({ run: 'a' }, context)).rejects.toMatchObject({ name: 'UnknownExperiment' });
    expect(lines).toMatchObject([{ level: 'ERROR', message: 'resolve failed', run: 'a' }]);
  });

  test('tries again to open what it could not open the first time', async () => {
    vi.stubEnv('STEPWISE_STORE', '');
    const handler = lambdaHandler('plan', async () => 'done');
    await expect(handler({}, context)).rejects.toThrow('STEPWISE_STORE');
    vi.stubEnv('STEPWISE_STORE', folder);
    expect(await handler(null, context)).toBe('done');
  });

  test('neither logs nor throws what is secret, and throws the same error', async () => {
    const address = 'https://b.s3.amazonaws.com/k?X-Amz-Security-Token=IQoJb3JpZ2lu&X-Amz-Signature=0123456789abcdef';
    const error = new UnknownExperiment(address, undefined);
    const handler = lambdaHandler('plan', async (_, { log }) => {
      log(`reading ${address}`, { from: { address } });
      throw error;
    });
    await expect(handler({ run: 'a' }, context)).rejects.toBe(error);
    const text = JSON.stringify([lines, error.message, error.stack]);
    expect(text).toContain('[redacted]');
    expect(text).not.toMatch(/IQoJb3JpZ2lu|0123456789abcdef/);
    expect(error.name).toBe('UnknownExperiment');
  });
});
