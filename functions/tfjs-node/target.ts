/** What is built: for which processor, with or without CUDA, out of which wheels. */
import { readFile } from 'node:fs/promises';
import { CannotBuild } from './errors.ts';

export interface Target {
  readonly architecture: 'x64' | 'arm64';
  readonly accelerator: 'cpu' | 'cuda';
}

export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  /** Undefined where the C library is not glibc (Alpine's is musl). */
  readonly glibc: string | undefined;
}

export function thisMachine(): Machine {
  const { header } = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  return { platform: process.platform, architecture: process.arch, glibc: header.glibcVersionRuntime };
}

/** The oldest C library that TensorFlow 2.21's wheels run on, which is in their names. */
const oldestGlibc = { major: 2, minor: 27 };

/** Throws CannotBuild where TensorFlow has no wheel for this. */
export function chooseTarget(machine: Machine, cuda: boolean): Target {
  const { platform, architecture, glibc } = machine;
  if (platform !== 'linux' || (architecture !== 'x64' && architecture !== 'arm64')) {
    throw new CannotBuild(
      `tfjs-node is built on Linux, on x64 or arm64, and this is ${platform} on ${architecture}. Use --backend wasm, which runs wherever Node does.`,
    );
  }
  const [major = 0, minor = 0] = (glibc ?? '').split('.').map(Number);
  if (major < oldestGlibc.major || (major === oldestGlibc.major && minor < oldestGlibc.minor)) {
    throw new CannotBuild(
      `TensorFlow's wheels need glibc ${oldestGlibc.major}.${oldestGlibc.minor} or later, and this system has ${glibc ? `glibc ${glibc}` : 'another C library'}. Use a newer Linux (Debian 11, Ubuntu 20.04 and later do), or --backend wasm.`,
    );
  }
  if (cuda && architecture !== 'x64') {
    throw new CannotBuild(
      `--cuda needs an x64 machine, for TensorFlow's wheel for ${architecture} has no CUDA. Build without --cuda.`,
    );
  }
  return { architecture, accelerator: cuda ? 'cuda' : 'cpu' };
}

/** A file of pip: the wheels by version and digest. */
export function requirementsOf({ accelerator, architecture }: Target): URL {
  return new URL(`./requirements/${accelerator}-${architecture}.txt`, import.meta.url);
}

/** `tensorflow-cpu==2.21.0` → the version. */
export async function tensorflowVersion(target: Target): Promise<string> {
  const text = await readFile(requirementsOf(target), 'utf8');
  return /^tensorflow(?:-cpu)?==(\S+)/m.exec(text)![1]!;
}
