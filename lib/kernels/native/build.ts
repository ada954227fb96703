/**
 * `npm run build:native-kernels`: compiles the kernels of this folder for the processor of this machine, which
 * `--backend native` then computes with. Needs a g++ (`CXX` names another); what is there already is not built again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from '../../errors.ts';
import { nativeCompilerFlags, nativeKernelsPath, nativeSources } from '../native-kernels.ts';

export class CannotBuildKernels extends RunError {}

/** Where it puts them, and with what; the defaults are where `--backend native` looks, and g++. */
export interface NativeBuild {
  readonly path?: string;
  readonly compiler?: string;
}

/** Throws CannotBuildKernels, with what the compiler said; then nothing is left behind. */
export async function buildNativeKernels(
  log: (line: string) => void,
  { path = nativeKernelsPath()!, compiler = process.env.CXX || 'g++' }: NativeBuild = {},
): Promise<void> {
  if (existsSync(path)) {
    log(`The native kernels are built already: ${path}.`);
    return;
  }
  // Moved to its place when it is whole: another process may be looking for it, or building it.
  const partial = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  const { include_dir } = createRequire(import.meta.url)('node-api-headers');
  const sources = nativeSources.map((source) => fileURLToPath(source)).filter((file) => file.endsWith('.cc'));
  const { error, status, stderr } = spawnSync(
    compiler,
    [...nativeCompilerFlags, `-I${include_dir}`, ...sources, '-o', partial],
    { encoding: 'utf8' },
  );
  if (error || status !== 0) {
    await rm(partial, { force: true });
    const came = error ? `'${compiler}' cannot be run (${error.message})` : `it ended with ${status}:\n${stderr}`;
    throw new CannotBuildKernels(
      `Building the native kernels needs g++ (Debian: apt-get install g++), and ${came}\nNothing else needs them: --backend wasm runs everywhere.`,
    );
  }
  await rename(partial, path);
  log(`The native kernels are in ${path}.`);
}

if (import.meta.main) {
  try {
    await buildNativeKernels((line) => console.error(line));
  } catch (error) {
    if (!(error instanceof CannotBuildKernels)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
