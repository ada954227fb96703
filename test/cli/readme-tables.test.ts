import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { readRecordedResults, renderReadme } from '../../cli/record-result.ts';
import { experiments } from '../../lib/experiments.ts';

it('the README’s tables are those that docs/results/ gives: `stepwise run … --record` makes them anew', async () => {
  const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  expect(text).toBe(renderReadme(text, await readRecordedResults(), experiments.all()));
});
