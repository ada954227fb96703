import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { heavyBall } from '../../examples/heavy-ball.ts';
import { codeDigestsFromSource } from '../../lib/pipeline/code-digest.ts';
import { createRegistry } from '../../lib/pipeline/registry.ts';
import { runStages, testPorts } from '../pipeline/run-stages.ts';

it('is the worked example of CONTRIBUTING.md, letter for letter', async () => {
  const page = await readFile(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
  const source = await readFile(new URL('../../examples/heavy-ball.ts', import.meta.url), 'utf8');
  expect(page).toContain(`\`\`\`ts\n${source}\`\`\``);
});

it('runs through the pipeline, and its claim holds', async () => {
  const ports = testPorts({ experiments: createRegistry([heavyBall]), code: codeDigestsFromSource() });
  const output = await runStages({ run: 'example', experiment: heavyBall.name, preset: 'smoke' }, ports);
  expect(output.verdict).toBe('holds');
});
