import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  chooseTarget,
  type Machine,
  requirementsOf,
  type Target,
  tensorflowVersion,
} from '../../../functions/tfjs-node/target.ts';

const debian: Machine = { platform: 'linux', architecture: 'x64', glibc: '2.36' };

describe('what tfjs-node is built for', () => {
  test('this machine’s processor, with CUDA on request', () => {
    expect(chooseTarget(debian, false)).toEqual({ architecture: 'x64', accelerator: 'cpu' });
    expect(chooseTarget(debian, true)).toEqual({ architecture: 'x64', accelerator: 'cuda' });
    expect(chooseTarget({ ...debian, architecture: 'arm64' }, false)).toEqual({
      architecture: 'arm64',
      accelerator: 'cpu',
    });
  });

  test.each<[string, Partial<Machine>, boolean, RegExp]>([
    ['another system', { platform: 'darwin' }, false, /on Linux.*this is darwin on x64.*--backend wasm/],
    ['another processor', { architecture: 'riscv64' }, false, /x64 or arm64.*riscv64/],
    ['another C library', { glibc: undefined }, false, /glibc 2\.27 or later.*another C library/],
    ['an old C library', { glibc: '2.17' }, false, /glibc 2\.27 or later.*glibc 2\.17/],
    ['CUDA on arm64', { architecture: 'arm64' }, true, /--cuda needs an x64 machine/],
  ])('refuses %s, and says what to do', (_, machine, cuda, message) => {
    expect(() => chooseTarget({ ...debian, ...machine }, cuda)).toThrow(message);
  });
});

test('every wheel has a version and a digest, and TensorFlow is of one version everywhere', async () => {
  const targets: Target[] = [
    { architecture: 'x64', accelerator: 'cpu' },
    { architecture: 'arm64', accelerator: 'cpu' },
    { architecture: 'x64', accelerator: 'cuda' },
  ];
  for (const target of targets) {
    const lines = (await readFile(requirementsOf(target), 'utf8')).trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^[\w-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}$/);
  }
  expect(new Set(await Promise.all(targets.map(tensorflowVersion))).size).toBe(1);
});

test('the package that is built is the one that the command line names as optional', async () => {
  const read = async (file: string) => JSON.parse(await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8'));
  const [built, named] = [await read('functions/tfjs-node/package.json'), await read('cli/package.json')];
  const name = '@tensorflow/tfjs-node';
  expect(built.dependencies[name]).toBe(named.optionalDependencies[name]);
  // build.ts takes these from the installation, and refuses other versions than tfjs-node's.
  expect(named.dependencies['@tensorflow/tfjs-core']).toBe(built.dependencies[name]);
});
