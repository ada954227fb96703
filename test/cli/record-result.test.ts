import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CannotRecord } from '../../cli/errors.ts';
import { readRecordedResults, recordRun } from '../../cli/record-result.ts';
import { mnist } from '../../lib/learned-optimizers/experiments/mnist.ts';
import { sampleDocument } from '../report/sample-report.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

const readme = '# X\n<!-- status:begin -->\n<!-- status:end -->\n<!-- results:begin -->\n<!-- results:end -->\nend\n';

async function newCheckout(): Promise<string> {
  const folder = await newTemporaryFolder();
  await writeFile(join(folder, 'README.md'), readme);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'x');
  return folder;
}

it('writes the result with its commit, and the README’s tables from all results', async () => {
  const folder = await newCheckout();
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: folder, encoding: 'utf8' }).trim();
  const path = 'docs/results/learned-optimizers/mnist.json';
  expect(await recordRun(sampleDocument, [], folder)).toEqual([path, 'README.md']);
  const [recorded] = await readRecordedResults(folder);
  expect(recorded).toMatchObject({ commit, date: '2026-11-24', experiment: 'learned-optimizers/mnist' });
  const text = await readFile(join(folder, 'README.md'), 'utf8');
  expect(text).toMatch(
    /results:begin -->\n\| Experiment.*docs\/results\/learned-optimizers\/mnist\.json.*results:end -->\nend\n$/s,
  );

  // Its own files do not make a checkout differ from its commit; another does.
  await recordRun(sampleDocument, [], folder);
  expect((await readRecordedResults(folder))[0]!.commit).toBe(commit);
  await writeFile(join(folder, 'other.ts'), '');
  await recordRun(sampleDocument, [], folder);
  expect((await readRecordedResults(folder))[0]!.commit).toBe(`${commit}+`);
});

it('draws the figures of the report beside the result', async () => {
  const folder = await newCheckout();
  const chart = {
    title: 'Losses',
    caption: '',
    spec: { data: { values: [{ a: 1 }] }, mark: 'point', encoding: { x: { field: 'a', type: 'quantitative' } } },
  };
  const summarize = () => ({ verdict: { outcome: 'holds', reason: '' }, tables: [], charts: [chart, chart] }) as const;
  const experiment = {
    ...mnist,
    name: sampleDocument.experiment,
    params: { parse: (params: unknown) => params },
    summarize,
  } as never;
  const written = await recordRun(sampleDocument, [experiment], folder);
  const figures = [1, 2].map((number) => `docs/results/learned-optimizers/mnist-figure-${number}.svg`);
  expect(written).toEqual(['docs/results/learned-optimizers/mnist.json', ...figures, 'README.md']);
  // A page shows it as a picture, where it cannot take the page's colour.
  for (const figure of figures)
    expect(await readFile(join(folder, figure), 'utf8')).toMatch(/^<svg(?!.*currentColor)/s);
});

it('refuses a run without a verdict, and a folder without a commit', async () => {
  const { verdict: _, ...unjudged } = sampleDocument;
  await expect(recordRun(unjudged, [], await newCheckout())).rejects.toThrow(CannotRecord);
  await expect(recordRun(sampleDocument, [], await newTemporaryFolder())).rejects.toThrow(/git checkout/);
});
