/** The real command line with a budget of one cent, on an experiment that would cost more. */
import { expect, it } from 'vitest';
import { runDocumentSchema } from '../../lib/pipeline/run-document.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { runCommand } from './run-command.ts';

const name = 'learned-optimizers/quadratics';

it('a run with a budget of one cent stops before training and says so, everywhere', async () => {
  const folder = await newTemporaryFolder();
  const estimate = JSON.parse((await runCommand(['estimate', name, '--preset', 'laptop', '--json'])).stdout);
  expect(estimate.cost.total).toBeGreaterThan(0.01);

  const ended = await runCommand(['run', name, '--preset', 'laptop', '--budget', '0.01', '--store', folder, '--json']);
  expect(ended.code).toBe(1);
  const document = runDocumentSchema.parse(JSON.parse(ended.stdout));
  expect(document).toMatchObject({
    ...{ status: 'failed', experiment: name },
    trials: { trained: 0, reused: 0, failed: 0 },
    failure: { error: 'BudgetExceeded' },
    cost: { budget: 0.01, train: 0, evaluate: 0, estimated: estimate.cost.total },
  });
  const sentence = /The run may cost \$0\.01; .* is estimated at \$0\.01\d+ on AWS\. Nothing was trained\./;
  expect(document.failure!.message).toMatch(sentence);
  expect(document.cost.total).toBeLessThan(0.01);
  expect(ended.stderr).toMatch(sentence);
  expect(ended.stderr).toMatch(/stepwise resume \S+ --store \S+ --budget DOLLARS/);
  expect(ended.stderr).not.toMatch(/^\s+at /m);

  const ask = async (...args: string[]) => (await runCommand([...args, '--store', folder])).stdout;
  expect(runDocumentSchema.parse(JSON.parse(await ask('show', '--json'))).failure).toEqual(document.failure);
  expect(await ask('show')).toMatch(/THE RUN FAILED.*Nothing was trained.*budget \$0\.010/s);
  expect(await ask('status')).toMatch(/, failed\nBudgetExceeded: The run may cost \$0\.01.*budget \$0\.010/s);
  expect(JSON.parse(await ask('status', '--json'))).toMatchObject({
    ...{ status: 'failed', failure: { error: 'BudgetExceeded' }, cost: { budget: 0.01, train: 0 } },
  });
  expect(await ask('logs')).toMatch(sentence);

  const store = await openStore(folder);
  for (const prefix of ['artifacts/', 'checkpoints/', 'measurements/', 'results/']) {
    for await (const { key } of store.list(prefix)) expect.unreachable(`${key} was made`);
  }
});
