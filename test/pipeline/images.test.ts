import { describe, expect, test } from 'vitest';
import { InvalidEvaluationImage, InvalidRecord } from '../../lib/pipeline/errors.ts';
import type { EvaluationImage } from '../../lib/pipeline/evaluation-image.ts';
import { formatImages, readImages } from '../../lib/pipeline/images.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { createRegistry } from '../../lib/pipeline/registry.ts';
import { FolderObjectStore } from '../../lib/storage/folder-object-store.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { counting } from './counting-experiment.ts';
import { countingRequest, runStages, testPorts } from './run-stages.ts';

/** One pixel of this grey. */
const pixel = (name: string, grey: number): EvaluationImage => ({
  name,
  width: 1,
  height: 1,
  rgba: Buffer.from([grey, grey, grey, 255]).toString('base64'),
});

let evaluated = 0;
/** The counting experiment, whose every evaluation draws its seed and whose summary shows all of them. */
const drawing = {
  ...counting,
  async evaluate(...[evaluation, context]: Parameters<typeof counting.evaluate>) {
    evaluated++;
    context.writeImage(pixel(evaluation.name, 10 + evaluation.seed));
    return counting.evaluate(evaluation, context);
  },
  summarize: (...[rows, params, images = []]: Parameters<typeof counting.summarize>) => ({
    ...counting.summarize(rows, params),
    images: images.map(({ name, ...image }) => ({ title: name, caption: '', ...image })),
  }),
};

describe('pictures of evaluations', () => {
  test.each([
    ['memory', async () => new MemoryObjectStore()],
    ['a folder', async () => FolderObjectStore.open(await newTemporaryFolder())],
  ])('get into the report through %s, from the evaluation or from an earlier run of it', async (_, open) => {
    const ports = testPorts({ store: await open(), experiments: createRegistry([drawing]) });
    await runStages(countingRequest('one'), ports);
    const before = evaluated;
    const { reportKey } = await runStages(countingRequest('two'), ports);
    expect(evaluated).toBe(before);

    const images = await readImages(ports.store, 'two', [1]);
    expect(images.map(({ name }) => name)).toEqual(
      ['count/0', 'count/1', 'count/2'].flatMap((trial) => [`${trial}/seed-0`, `${trial}/seed-1`]),
    );
    expect(images[1]).toEqual(pixel('count/0/seed-1', 11));
    const html = new TextDecoder().decode((await ports.store.get(reportKey))!.body);
    expect(html.match(/src="data:image\/png;base64,/g)).toHaveLength(6);
    expect(html).toContain('count/2/seed-1');
  });

  test('leave nothing in the store where an experiment draws none', async () => {
    const ports = testPorts();
    await runStages(countingRequest('one'), ports);
    expect(await ports.store.get(keys.images('one', 1))).toBeUndefined();
    expect(await readImages(ports.store, 'one', [1])).toEqual([]);
  });

  test.each([
    ['too few bytes', { ...pixel('a', 1), width: 2 }, /height × width × 4/],
    ['no name', pixel('', 1), /name/],
    ['too many pixels', { ...pixel('a', 1), width: 30_000, height: 30_000 }, /4000000 pixels/],
    ['not base64', { ...pixel('a', 1), rgba: 'AB$=' }, /rgba/],
  ])('with %s are refused before anything is written', async (_, image, message) => {
    expect(() => formatImages([image])).toThrow(InvalidEvaluationImage);
    expect(() => formatImages([image])).toThrow(message);
  });

  test('that somebody changed in the store are named', async () => {
    const store = new MemoryObjectStore();
    await store.put(keys.images('one', 1), `${JSON.stringify({ ...pixel('a', 1), height: 3 })}\n`);
    await expect(readImages(store, 'one', [1])).rejects.toThrow(InvalidRecord);
  });
});
