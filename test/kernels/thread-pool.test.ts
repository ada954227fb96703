import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const kernelModule = fileURLToPath(new URL('../../lib/kernels/coordinatewise-lstm-kernel.ts', import.meta.url));

test.each([
  ['threads that nobody disposed of', ''],
  ['a disposed kernel, which works on', 'lstm.dispose(); lstm.step(gradients, updates);'],
])('a process ends by itself: %s', async (_, end) => {
  const program = `
    import { createCoordinatewiseLstmKernel } from ${JSON.stringify(kernelModule)};
    const lstm = createCoordinatewiseLstmKernel({
      coordinates: 900, unrollSteps: 2, preprocessing: { kind: 'identity', scale: 1 }, outputScale: 1, threads: 3,
    });
    lstm.setParameters(new Float32Array(lstm.layout.size).fill(0.1));
    const gradients = new Float32Array(900).fill(0.5), updates = new Float32Array(900);
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let step = 0; step < 50; step++) lstm.step(gradients, updates);
    ${end}
    console.log(new Set(updates).size);
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout).toBe('1\n');
});
