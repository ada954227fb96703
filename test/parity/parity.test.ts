import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findTfjsNode } from '../../functions/tfjs-node/location.ts';
import { runOnBoth } from './run-on-both.ts';
import { tolerance } from './tolerance.ts';

const present = findTfjsNode() !== undefined;
if (!present) console.warn('tfjs-node is not built here (npm run build:tfjs-node): its test is skipped');

test.skipIf(!present)('an experiment measures on tfjs-node what it measures on WASM', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stepwise-parity-'));
  try {
    const { largest, verdicts } = await runOnBoth('learned-optimizers/quadratics', folder, 'node', ['--seeds', '1']);
    expect(largest!.relative).toBeLessThan(tolerance);
    expect(verdicts).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
