/** One run after the other through the stages: which earlier run is compared, what is written down, who is told. */
import { beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../lib/pipeline/keys.ts';
import { notify } from '../../lib/pipeline/notify.ts';
import { formatRecord, requireRecord } from '../../lib/pipeline/records.ts';
import type { RunCode } from '../../lib/pipeline/regressions/code-sources.ts';
import { listRegressions, readRegression } from '../../lib/pipeline/regressions/regression-records.ts';
import { runDocumentSchema } from '../../lib/pipeline/run-document.ts';
import type { StagePorts } from '../../lib/pipeline/stages.ts';
import { runCode } from './finished-run.ts';
import { countingRequest, runStages, testPorts } from './run-stages.ts';

let ports: StagePorts;
let code: RunCode;
let messages: { subject: string; text: string }[];

beforeEach(() => {
  code = runCode({ 'lib/count.ts': '1' });
  messages = [];
  ports = testPorts({
    code: {
      training: async () => code.training.digest,
      evaluation: async () => code.evaluation.digest,
      sources: async () => code,
    },
    notify: async (subject, text) => void messages.push({ subject, text }),
  });
});

/** All stages, and then Notify, as the state machine goes on. */
async function run(name: string, changes: Readonly<Record<string, unknown>> = {}): Promise<readonly string[]> {
  messages = [];
  const output = await runStages(countingRequest(name, changes), ports);
  expect(await notify(output, ports)).toEqual(output);
  return messages.map(({ subject }) => subject);
}

const changeCode = (content: string) => {
  code = runCode({ 'lib/count.ts': content });
};
const documentOf = (name: string) => requireRecord(ports.store, keys.result('test/counting', name), runDocumentSchema);
const regressionOf = (name: string) => readRegression(ports.store, 'test/counting', name);

describe('a rerun', () => {
  test('of the same trains nothing, writes no report, and tells nobody but those who asked', async () => {
    expect(await run('one', { notify: 'changes' })).toEqual([]);
    expect(await run('two', { notify: 'changes' })).toEqual([]);
    expect((await documentOf('two')).trials).toMatchObject({ trained: 0, reused: 3 });
    expect(await listRegressions(ports.store, { limit: 9 })).toEqual([]);
    expect(await run('three', { notify: 'never' })).toEqual([]);
    expect(await run('four', { notify: 'always' })).toEqual(['test/counting: holds, the same as before']);
    expect(messages[0]!.text).toContain('nothing was trained');
    expect(messages[0]!.text).toContain('Every number is the same as in the run before, seconds aside.');
  });

  test('with other code and the same numbers is no change', async () => {
    await run('one');
    changeCode('2');
    expect(await run('two', { notify: 'changes' })).toEqual([]);
    expect((await documentOf('two')).trials).toMatchObject({ trained: 3, reused: 0 });
    expect(await regressionOf('two')).toBeUndefined();
    // It is said in the document all the same.
    expect((await documentOf('two')).comparison?.causes).toEqual([
      'training code 1 → 2, evaluation code 1 → 2: lib/count.ts changed',
    ]);
  });

  test('that an other model changes is told once, with what changed; then nobody is told', async () => {
    await run('one');
    await spoil('one');
    expect(await run('two', { notify: 'changes' })).toEqual(['test/counting: 3 numbers changed, still holds']);
    expect(messages[0]!.text.split('\n')).toEqual([
      'Run two of test/counting ended: holds; 3 trials trained.',
      'Against run one: 3 numbers changed.',
      ...[0, 1, 2].map((trial) => `- count of count/${trial}: 11 → 10 ± 0 (more than the spread)`),
      'What changed:',
      '- training code 1 → 2, evaluation code 1 → 2: lib/count.ts changed',
      'Report: memory:/reports/two/index.html',
      '',
    ]);
    expect(await regressionOf('two')).toMatchObject({ outcome: 'changed', previous: { run: 'one' } });
    expect(await run('three', { notify: 'changes' })).toEqual([]);
    expect(await regressionOf('three')).toBeUndefined();
  });

  test('whose change is not wanted is written down, and told nobody', async () => {
    await run('one');
    await spoil('one');
    expect(await run('two', { notify: 'never' })).toEqual([]);
    expect(await regressionOf('two')).toMatchObject({ outcome: 'changed' });
  });

  test('whose verdict flips says so first', async () => {
    await run('one');
    const document = await documentOf('one');
    document.verdict!.outcome = 'does not hold';
    await ports.store.put(keys.result('test/counting', 'one'), formatRecord(document));
    expect(await run('two', { notify: 'changes' })).toEqual(['test/counting: verdict flipped: does not hold → holds']);
    expect(messages[0]!.text).toContain('Nothing known changed: neither code, data, backend nor parameters.');
  });
});

describe('the run before', () => {
  test('is the newest with the same parameters, of the same preset', async () => {
    await run('one');
    await run('longer', { overrides: { steps: 12 } });
    await run('laptop', { preset: 'laptop' });
    await run('two', { notify: 'changes' });
    expect((await documentOf('two')).comparison).toMatchObject({ run: 'one', changes: [] });
    expect(await listRegressions(ports.store, { limit: 9 })).toEqual([]);
  });

  test('with other parameters is compared in the document, and is no regression', async () => {
    await run('one');
    expect(await run('longer', { overrides: { steps: 12 }, notify: 'changes' })).toEqual([]);
    const { comparison } = await documentOf('longer');
    expect(comparison).toMatchObject({ run: 'one', causes: ['parameter steps 10 → 12'] });
    expect(comparison!.changes).toHaveLength(3);
    expect(await regressionOf('longer')).toBeUndefined();
  });

  test('is another one, also where a run is made again under its name', async () => {
    await run('one');
    expect(await run('one', { notify: 'changes' })).toEqual([]);
    expect((await documentOf('one')).comparison).toBeUndefined();
  });
});

/** As if what the run found had been found by older code that counts one too many. */
async function spoil(name: string): Promise<void> {
  const document = await documentOf(name);
  for (const row of document.measurements) row.value! += 1;
  await ports.store.put(keys.result('test/counting', name), formatRecord(document));
  changeCode('2');
}
