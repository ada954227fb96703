import { expect, test } from 'vitest';
import type { DatasetReader } from '../../lib/datasets/dataset.ts';
import { keepFiles } from '../../lib/datasets/kept-files.ts';

/** Files of so many bytes each, and how often each was read. */
function countingReader(sizes: Readonly<Record<string, number>>) {
  const reads: Record<string, number> = {};
  const reader: DatasetReader = {
    manifest: {
      formatVersion: 1,
      name: 'sample',
      version: '0123456789abcdef',
      origin: 'stand-in',
      description: 'bytes',
      files: Object.entries(sizes).map(([name, size]) => ({ name, size, sha256: '0'.repeat(64) })),
    },
    async file(name) {
      reads[name] = (reads[name] ?? 0) + 1;
      if (!(name in sizes)) throw new Error(`no ${name}`);
      return new Uint8Array(sizes[name]!);
    },
  };
  return { reader, reads };
}

test('a file is read once, also by two at the same time', async () => {
  const { reader, reads } = countingReader({ images: 10 });
  const kept = keepFiles(reader, 100);
  const [first, second] = await Promise.all([kept.file('images'), kept.file('images')]);
  expect(second).toBe(first);
  expect(await kept.file('images')).toBe(first);
  expect(reads).toEqual({ images: 1 });
});

test('what would be too much is read each time, and what fits is kept beside it', async () => {
  const { reader, reads } = countingReader({ images: 90, labels: 20, names: 10 });
  const kept = keepFiles(reader, 100);
  for (let time = 0; time < 2; time++) for (const name of ['images', 'labels', 'names']) await kept.file(name);
  expect(reads).toEqual({ images: 1, labels: 2, names: 1 });
});

test('a file that cannot be read says so each time', async () => {
  const kept = keepFiles(countingReader({}).reader, 100);
  await expect(kept.file('images')).rejects.toThrow('no images');
  await expect(kept.file('images')).rejects.toThrow('no images');
});
