import { describe, expect, it } from 'vitest';
import { keys } from '../../lib/pipeline/keys.ts';
import { recordFailure } from '../../lib/pipeline/record-failure.ts';
import { testPorts } from './run-stages.ts';

async function record(error: unknown, run = 'one') {
  const notified: string[] = [];
  const ports = testPorts({ notify: async (subject, text) => void notified.push(`${subject}\n${text}`) });
  const output = await recordFailure({ run, preset: 'smoke', error }, ports);
  const stored = await ports.store.get(keys.failure(run, 'run'));
  return { output, notified, stored: stored && JSON.parse(new TextDecoder().decode(stored.body)) };
}

describe('recordFailure', () => {
  it("reads a Lambda's cause", async () => {
    const Cause = JSON.stringify({ errorType: 'DatasetMissing', errorMessage: 'no mnist', trace: ['at a', 'at b'] });
    const { output, stored, notified } = await record({ Error: 'DatasetMissing', Cause });
    expect(output).toEqual({ run: 'one', error: 'DatasetMissing', cause: 'no mnist' });
    expect(stored).toMatchObject({ where: 'run', error: 'DatasetMissing', message: 'no mnist', logTail: 'at a\nat b' });
    expect(notified).toEqual(['Run one failed: DatasetMissing\nno mnist\n']);
  });

  it("reads a Batch job's cause", async () => {
    const Cause = JSON.stringify({
      StatusReason: 'Essential container in task exited',
      Container: { ExitCode: 137, Reason: 'OutOfMemoryError' },
      LogTail: 'last words',
    });
    const { stored } = await record({ Error: 'States.TaskFailed', Cause });
    expect(stored).toMatchObject({
      message: 'Essential container in task exited; OutOfMemoryError; exit code 137',
      logTail: 'last words',
    });
  });

  it('keeps plain, missing and cut-off causes', async () => {
    expect((await record({ Error: 'States.ExceedToleratedFailureThreshold', Cause: 'too many' })).stored.message).toBe(
      'too many',
    );
    expect((await record({ Error: 'X', Cause: '{"errorMessage": "cut' })).stored.message).toBe('{"errorMessage": "cut');
    expect((await record({})).output).toEqual({ run: 'one', error: 'Unknown', cause: '' });
  });

  it('never makes a key of a run name that was refused', async () => {
    const ports = testPorts();
    await recordFailure({ run: '../../etc', error: { Error: 'InvalidRequest', Cause: 'bad run' } }, ports);
    const left = [];
    for await (const { key } of ports.store.list('')) left.push(key);
    expect(left).toEqual([]);
  });
});
