import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseBackend } from '../../cli/local-ports.ts';
import { KernelBackendError } from '../../lib/kernels/errors.ts';
import { buildNativeKernels, CannotBuildKernels } from '../../lib/kernels/native/build.ts';
import {
  findNativeKernels,
  hasNativeKernels,
  loadNativeKernels,
  nativeSources,
} from '../../lib/kernels/native-kernels.ts';
import { listDependencies, projectRootOfThisFile } from '../../lib/pipeline/code-digest.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-native-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a build that cannot be', () => {
  test.each([
    ['there is no compiler', 'no-such-compiler', /needs g\+\+ .*'no-such-compiler' cannot be run/],
    ['the compiler fails', 'false', /needs g\+\+ .*ended with 1/],
  ])('%s: says so, and leaves nothing', async (_, compiler, message) => {
    const path = join(folder, 'kernels.node');
    const built = buildNativeKernels(() => {}, { path, compiler });
    await expect(built).rejects.toThrow(CannotBuildKernels);
    await expect(built).rejects.toThrow(message);
    expect(await readdir(dirname(path))).toEqual([]);
  });
});

test.skipIf(hasNativeKernels())('the backend native, where nothing was built, says what builds it', () => {
  expect(() => chooseBackend('native')).toThrow(KernelBackendError);
  expect(() => chooseBackend('native')).toThrow(/npm run build:native-kernels/);
});

test.runIf(hasNativeKernels())('what does not fit is refused, and ends no process', () => {
  const kernels = loadNativeKernels(findNativeKernels());
  expect(chooseBackend('native')).toBe('native');
  const call = kernels.step as (...values: unknown[]) => void;
  for (const values of [[], [new Uint8Array(8), 0, 0], [{}, 0, 0, 0], [new Uint8Array(8), 'job', 0, 0]]) {
    expect(() => call(...values)).toThrow(TypeError);
  }
  const sizes = kernels.backwardScratchBytes as (...values: unknown[]) => number;
  for (const values of [[], [20], [20, 'steps']]) expect(() => sizes(...values)).toThrow(TypeError);
});

test("an experiment's digest covers the native sources: other bits are another result", async () => {
  const root = projectRootOfThisFile();
  const { files } = await listDependencies(root, 'lib/learned-optimizers/optimizer-network.ts');
  const native = files.filter((file) => file.startsWith('lib/kernels/native/'));
  expect(native).toEqual(nativeSources.map(({ pathname }) => pathname.slice(root.length + 1)).sort());
  const inFolder = await readdir(join(root, 'lib/kernels/native'));
  expect(native.map((file) => file.split('/').at(-1))).toEqual(
    inFolder.filter((file) => /\.(cc|hh)$/.test(file)).sort(),
  );
});
