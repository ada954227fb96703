import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderPages } from '../../bench/record-benchmarks.ts';
import { projectRoot } from '../../infra/deployable-code.ts';
import { benchmarksPath } from '../../lib/report/recorded-benchmarks.ts';

it('the README’s table of speed and docs/benchmarks.md are those of the recorded run', async () => {
  const run = JSON.parse(await readFile(join(projectRoot, benchmarksPath), 'utf8'));
  for (const [path, text] of Object.entries(await renderPages(run))) {
    expect(await readFile(join(projectRoot, path), 'utf8'), path).toBe(text);
  }
});
