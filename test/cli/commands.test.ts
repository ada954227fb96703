/** One small run through every command, in processes of their own. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runDocumentSchema } from '../../lib/pipeline/run-document.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { runCommand } from './run-command.ts';

const name = 'learned-optimizers/quadratics';

describe('a run', () => {
  it('is printed alike by run, show and resume, reused by the next, and known to all commands', async () => {
    const store = await newTemporaryFolder();
    const ask = async (...args: string[]) => {
      const result = await runCommand([...args, '--store', store]);
      expect(result, result.stderr).toMatchObject({ code: 0 });
      return result;
    };
    const first = await ask('run', name, '--preset', 'smoke', '--json');
    const document = runDocumentSchema.parse(JSON.parse(first.stdout));
    expect(document).toMatchObject({ status: 'succeeded', experiment: name, trials: { reused: 0, failed: 0 } });
    expect(document.trials.trained).toBe(document.trials.planned);
    expect(first.stderr).toContain(document.run);
    expect((await ask('show', '--json')).stdout).toBe(first.stdout);
    expect((await ask('resume', document.run, '--json')).stdout).toBe(first.stdout);

    const report = (await ask('report')).stdout.trim();
    expect(report).toBe(join(store, 'reports', document.run, 'index.html'));
    expect(await readFile(report, 'utf8')).toContain(document.verdict!.reason.slice(0, 20).replaceAll("'", '&#39;'));

    const again = JSON.parse((await ask('run', name, '--preset', 'smoke', '--json')).stdout);
    expect(again.measurements).toEqual(document.measurements);
    expect(again.trials).toMatchObject({ trained: 0, reused: document.trials.planned });

    const compared = JSON.parse((await ask('compare', document.run, 'latest', '--json')).stdout);
    expect(compared).toMatchObject({ before: { run: document.run }, now: { run: again.run }, changes: [] });
    const list = JSON.parse((await ask('list', '--json')).stdout);
    expect(list.find((row: { name: string }) => row.name === name)).toMatchObject({
      presets: ['smoke', 'laptop', 'overnight', 'paper'],
      lastVerdict: { run: again.run, outcome: again.verdict.outcome },
    });
    const status = JSON.parse((await ask('status', '--json')).stdout);
    expect(status).toMatchObject({ run: again.run, status: 'succeeded', state: { status: 'succeeded' } });
    expect((await ask('logs')).stdout).toContain('no failure');
    const shown = (await ask('show', document.run)).stdout;
    expect(shown).toContain(document.verdict!.outcome.toUpperCase());
    expect(shown).toContain(report);
  });

  it('that is interrupted exits with 130, says how to go on, and goes on', async () => {
    const store = await newTemporaryFolder();
    let told = false;
    const interrupted = await runCommand(['run', name, '--preset', 'laptop', '--store', store], (stderr, kill) => {
      if (told || !stderr.includes('run ')) return;
      told = true;
      kill('SIGINT');
    });
    expect(interrupted).toMatchObject({ code: 130, stdout: '' });
    const [, run] = /stepwise resume (\S+) --store/.exec(interrupted.stderr)!;
    const status = JSON.parse((await runCommand(['status', run!, '--store', store, '--json'])).stdout);
    expect(status.status).toBe('interrupted');
    let resumed = false;
    const second = await runCommand(['resume', run!, '--store', store], (stderr, kill) => {
      if (resumed || !stderr.includes(`run ${run}`)) return;
      resumed = true;
      kill('SIGTERM');
    });
    expect(second.code).toBe(130);
  });
});

it('estimates without touching a store', async () => {
  const { code, stdout } = await runCommand(['estimate', name, '--preset', 'paper', '--seeds', '7', '--json']);
  expect(code).toBe(0);
  const { params, cost, trials } = JSON.parse(stdout);
  expect(params.seeds).toBe(7);
  expect(cost.total).toBeCloseTo(cost.train + cost.evaluate + cost.orchestration);
  expect(trials).toBeGreaterThan(0);
});

it('a reader that goes away early is no error', () => {
  const entry = fileURLToPath(new URL('../../cli/stepwise.ts', import.meta.url));
  const script = `"$0" "$1" list --json | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, entry], { encoding: 'utf8' });
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: '0', stderr: '' });
});
