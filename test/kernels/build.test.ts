import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileKernel, kernelFile, kernels, kernelVariants } from '../../lib/kernels/build.ts';

const rows = kernels.flatMap((kernel) => kernelVariants.map((variant) => ({ kernel, variant, name: kernel.name })));

test.each(rows)('$name, $variant: the committed bytes are what the source compiles to', async ({ kernel, variant }) => {
  const committed = readFileSync(kernelFile(kernel, variant));
  expect(Buffer.compare(await compileKernel(kernel, variant), committed)).toBe(0);
});
