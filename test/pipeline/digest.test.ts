import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  codeDigestsFromSource,
  codeDigestsFromTable,
  computeCodeDigests,
  listDependencies,
  namedAssets,
} from '../../lib/pipeline/code-digest.ts';
import { canonicalJson, digestArtifact } from '../../lib/pipeline/digest.ts';
import { counting } from './counting-experiment.ts';

describe('canonicalJson', () => {
  it('gives one text for one value, whatever the order its members were written in', () => {
    expect(canonicalJson({ b: [1, null, 'ü'], a: { d: undefined, c: true } })).toBe(
      '{"a":{"c":true},"b":[1,null,"ü"]}',
    );
  });
  it('refuses what JSON would quietly lose', () => {
    expect(() => canonicalJson({ rate: Number.NaN })).toThrow('NaN');
    expect(() => canonicalJson([() => 1])).toThrow('function');
  });
});

describe('digestArtifact', () => {
  const made = {
    experiment: 'a/b',
    trial: { name: 't', rate: 0.1, cpus: 1 },
    datasets: [
      { name: 'x', version: '1' },
      { name: 'y', version: '2' },
    ],
    backend: 'wasm-relaxed',
    code: 'c',
  } as const;
  const base = digestArtifact(made);

  it('does not depend on how many cores trained it, with what it shared a job, or in which order datasets are listed', () => {
    const trial = { ...made.trial, cpus: 2, group: 'g' };
    expect(digestArtifact({ ...made, trial, datasets: [...made.datasets].reverse() })).toBe(base);
  });
  it('is that of another experiment where the trial says that it is taken from there', () => {
    expect(digestArtifact({ ...made, experiment: 'a/other', trial: { ...made.trial, experiment: 'a/b' } })).toBe(base);
  });
  it.each([
    ['experiment', { experiment: 'a/c' }],
    ['trial', { trial: { ...made.trial, rate: 0.2 } }],
    [
      'dataset version',
      {
        datasets: [
          { name: 'x', version: '1' },
          { name: 'y', version: '3' },
        ],
      },
    ],
    ['backend', { backend: 'wasm-plain' }],
    ['code', { code: 'd' }],
  ] as const)('depends on the %s', (_, change) => {
    expect(digestArtifact({ ...made, ...change })).not.toBe(base);
  });
});

describe('the code digest', () => {
  let root: string;
  const write = (file: string, text: string) => writeFile(join(root, file), text);
  const digest = () => codeDigestsFromSource(root).training({ ...counting, trainingModule: 'lib/train.ts' });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'code-digest-'));
    await mkdir(join(root, 'lib'));
    await write(
      'lib/train.ts',
      `import { z } from 'zod';\nimport { model } from './model.ts';\nimport type { T } from './types.ts';\nexport const train = (t: T) => model(z, t);\n`,
    );
    await write(
      'lib/model.ts',
      `const kernel = new URL('./kernel.wasm', import.meta.url);\nconst worker = new URL('./worker.ts', import.meta.url);\nexport const model = (...a: unknown[]) => [kernel, worker, a];\n`,
    );
    await write('lib/worker.ts', `import { deep } from './deep.ts';\nconsole.log(deep);\n`);
    await write('lib/deep.ts', 'export const deep = 1;\n');
    await write('lib/types.ts', 'export type T = number;\n');
    await write('lib/chart.ts', 'export const chart = 1;\n');
    await write('lib/kernel.wasm', 'binary');
    await write('package-lock.json', '{"packages":{"node_modules/zod":{"version":"4.0.0"}}}');
  });
  afterEach(() => rm(root, { recursive: true }));

  it('covers exactly what training imports: modules, workers and binaries, and packages by locked version', async () => {
    expect(await listDependencies(root, 'lib/train.ts')).toEqual({
      files: ['lib/deep.ts', 'lib/kernel.wasm', 'lib/model.ts', 'lib/train.ts', 'lib/worker.ts'],
      packages: ['zod'],
    });
  });

  it.each(['lib/train.ts', 'lib/model.ts', 'lib/worker.ts', 'lib/deep.ts'])('changes with %s', async (file) => {
    const before = await digest();
    await write(file, `// changed\n`);
    expect(await digest()).not.toBe(before);
  });

  it('changes with a binary and with a package version, not with types or what training does not import', async () => {
    const before = await digest();
    await write('lib/types.ts', 'export type T = string;\n');
    await write('lib/chart.ts', 'export const chart = 2;\n');
    expect(await digest()).toBe(before);
    await write('lib/kernel.wasm', 'other');
    const after = await digest();
    expect(after).not.toBe(before);
    await write('package-lock.json', '{"packages":{"node_modules/zod":{"version":"4.0.1"}}}');
    expect(await digest()).not.toBe(after);
  });

  it('is the same where a deployment carries it as a table', async () => {
    const experiment = { ...counting, module: 'lib/train.ts', trainingModule: 'lib/model.ts' };
    const table = await computeCodeDigests(root, [experiment]);
    const fromSource = codeDigestsFromSource(root);
    const carried = codeDigestsFromTable(JSON.parse(JSON.stringify(table)));
    expect(await carried.training(experiment)).toBe(await fromSource.training(experiment));
    expect(await carried.evaluation(experiment)).toBe(await fromSource.evaluation(experiment));
    await expect(carried.training({ ...experiment, name: 'new/one' })).rejects.toThrow('deploy again');
  });

  it('finds assets in either quotes and over lines', () => {
    expect(namedAssets(`new URL("../a.wasm", import.meta.url); new URL(\n  './b.ts',\n  import.meta.url,\n)`)).toEqual([
      '../a.wasm',
      './b.ts',
    ]);
  });
});
