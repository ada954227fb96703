/**
 * Compiles the AssemblyScript kernels (`npm run build:kernels`). The results are committed, so nobody who installs the
 * project needs the compiler; test/kernels/build.test.ts rebuilds them and compares bytes.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

/** A kernel is `assembly/<name>.ts`, and all that it imports. */
export const kernels = [
  { name: 'coordinatewise-lstm', sharedMemory: true },
  { name: 'coordinatewise-lstm-forward', sharedMemory: false },
  { name: 'multilayer-perceptron', sharedMemory: false },
  { name: 'lstm-arithmetic', sharedMemory: false },
  { name: 'dense-arithmetic', sharedMemory: false },
  { name: 'convolution', sharedMemory: true },
  { name: 'convolutional-network', sharedMemory: true },
  { name: 'layer-normalization', sharedMemory: false },
  { name: 'matrix-product', sharedMemory: false },
  { name: 'recurrent', sharedMemory: false },
  { name: 'batch-norm-lstm', sharedMemory: false },
  { name: 'adam', sharedMemory: false },
  { name: 'random-walk', sharedMemory: false },
  { name: 'random-walk-threads', sharedMemory: true },
  { name: 'random-walk-multigrid', sharedMemory: false },
  { name: 'dilated-convolution', sharedMemory: false },
  { name: 'affinity-loss', sharedMemory: false },
  { name: 'max-pooling', sharedMemory: false },
  { name: 'axis-map', sharedMemory: false },
  { name: 'join-channels', sharedMemory: false },
  { name: 'softmax-cross-entropy', sharedMemory: false },
  { name: 'channel-normalization', sharedMemory: false },
] as const;
export type Kernel = (typeof kernels)[number];

/** Relaxed: multiply-adds are fused where the machine can. Plain: runs wherever 128-bit SIMD does. */
export const kernelVariants = ['relaxed', 'plain'] as const;
export type KernelVariant = (typeof kernelVariants)[number];

export function kernelFile({ name }: Kernel, variant: KernelVariant): string {
  return fileURLToPath(new URL(`./build/${name}.${variant}.wasm`, import.meta.url));
}

/**
 * The bytes of one kernel. Throws with the compiler's messages where it does not compile.
 *
 * @param source compiled in place of the kernel's own file, as if it lay beside it
 */
export async function compileKernel(
  { name, sharedMemory }: { readonly name: string; readonly sharedMemory: boolean },
  variant: KernelVariant,
  source?: string,
): Promise<Uint8Array> {
  const assembly = fileURLToPath(new URL('./assembly/', import.meta.url));
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      `${name}.ts`,
      ...['--outFile', 'kernel.wasm', '-O3', '--noAssert', '--converge', '--runtime', 'stub'],
      ...['--importMemory', '--noExportMemory', '--enable', 'simd'],
      // Threads work on one memory; the maximum is the format's own, JavaScript sets the real one.
      ...(sharedMemory ? ['--sharedMemory', '--maximumMemory', '65536', '--enable', 'threads'] : []),
      ...(variant === 'relaxed' ? ['--enable', 'relaxed-simd'] : []),
    ],
    {
      readFile: (file) =>
        source !== undefined && file === `${name}.ts`
          ? source
          : readFile(`${assembly}${file}`, 'utf8').catch(() => null),
      listFiles: () => [],
      writeFile: (file, contents) => {
        if (file === 'kernel.wasm') binary = contents as unknown as Uint8Array;
      },
    },
  );
  if (error || !binary)
    throw new Error(`${name}.${variant} does not compile: ${stderr.toString().slice(0, 2000)}`, { cause: error });
  return binary;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const kernel of kernels) {
    for (const variant of kernelVariants) {
      const bytes = await compileKernel(kernel, variant);
      await writeFile(kernelFile(kernel, variant), bytes);
      console.log(`${kernel.name}.${variant}.wasm: ${bytes.length} bytes`);
    }
  }
}
