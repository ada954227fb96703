/** The forms over the endpoints themselves, with models in the store: nothing in between is made up. */
import { encode } from 'fast-png';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { storeModel } from '../api/api-world.ts';
import {
  sampleEncoder,
  sampleHandwriting,
  samplePerceptron,
  sampleSegmentation,
  segmentationClasses,
} from '../api/sample-models.ts';
import { chromiumPath, findViolations, openPage, startBrowser } from './browser.ts';
import { type ExplorerServer, startExplorerServer } from './explorer-server.ts';

/** Two halves, dark and bright. */
function photo(): Buffer {
  const [width, height] = [64, 48];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, index) =>
    Math.floor(index / 3) % width < width / 2 ? 30 : 220,
  );
  return Buffer.from(encode({ width, height, data, channels: 3, depth: 8 }));
}

describe.skipIf(!chromiumPath)('the forms over the endpoints, in Chromium,', () => {
  let server: ExplorerServer;
  let browser: Browser;

  beforeAll(async () => {
    await startTensorFlow('wasm-relaxed');
    const store = new MemoryObjectStore();
    const version = '0123456789abcdef';
    await storeModel(store, samplePerceptron(), '20260101-a');
    await storeModel(store, sampleEncoder(), '20260101-b');
    await storeModel(store, sampleHandwriting(), '20260101-c');
    await storeModel(store, sampleSegmentation({ name: 'voc-segmentation', version }), '20260101-d');
    const index = {
      formatVersion: 1,
      labelFormat: 'png',
      classNames: segmentationClasses,
      training: [],
      validation: [],
    };
    await store.put(keys.datasetFile('voc-segmentation', version, 'index.json'), JSON.stringify(index));
    server = await startExplorerServer(store);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(form: string) {
    const watched = await openPage(browser, { reducedMotion: 'reduce' });
    await watched.page.goto(`${server.address}/#/try/${form}`);
    await watched.page.locator('h1').waitFor();
    return watched;
  }

  it('refines the segments of a photo, by colour and by a trained back-end', async () => {
    const { page, errors } = await open('segmentation');
    await page
      .getByLabel('Photo, PNG or JPEG')
      .setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: photo() });
    await page.getByLabel('Segments').fill('2');
    await page.getByRole('button', { name: 'Refine' }).click();
    await page.locator('.pictures').waitFor();
    // The border between the two is the photo's edge, to the column.
    const border = await page
      .locator('.pictures canvas')
      .nth(1)
      .evaluate((element) => {
        const canvas = element as unknown as {
          width: number;
          height: number;
          getContext(kind: '2d'): { getImageData(...at: number[]): { data: Uint8ClampedArray } };
        };
        const { data } = canvas.getContext('2d').getImageData(0, canvas.height >> 1, canvas.width, 1);
        const hue = (column: number) =>
          Math.round(Math.atan2(data[4 * column]! - data[4 * column + 2]!, data[4 * column + 1]!) * 4);
        return Array.from({ length: canvas.width - 1 }, (_, column) => column + 1).filter(
          (column) => hue(column) !== hue(column - 1),
        );
      });
    expect(border).toEqual([32]);
    await page.getByLabel('Back-end').selectOption('large-fov');
    await page.getByRole('button', { name: 'Refine' }).click();
    const named = page.locator('.swatches li').filter({ hasText: new RegExp(segmentationClasses.join('|')) });
    await named.first().waitFor();
    await page.getByLabel('Back-end').selectOption('attention');
    await page.getByRole('button', { name: 'Refine' }).click();
    await page.getByText('stepwise run random-walk/segmentation').waitFor();
    expect(await findViolations(page)).toEqual([]);
    // The refusal is the only thing that a console may speak of.
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
    await page.close();
  });

  it('races two optimizers, and the learned one wins', async () => {
    const { page, errors } = await open('race');
    for (const name of ['SGD', 'RMSprop', 'NAG']) await page.getByLabel(name, { exact: true }).setChecked(false);
    await page.getByRole('button', { name: 'Race' }).click();
    const rows = page.locator('section[aria-label=Ranking] tbody tr');
    await rows.first().waitFor();
    expect((await rows.allTextContents()).map((row) => /^[A-Za-z]+/.exec(row)?.[0])).toEqual(['LSTM', 'ADAM']);
    expect([await findViolations(page), errors]).toEqual([[], []]);
    await page.close();
  });

  it('writes by hand, compares sentences and reads a digit', async () => {
    const writing = await open('handwriting');
    await writing.page.getByLabel('Text').fill('abc');
    await writing.page.getByRole('button', { name: 'Write' }).click();
    await writing.page.getByAltText('“abc”, written by the network').waitFor();
    await writing.page.getByLabel('Text').fill('ß');
    await writing.page.getByRole('button', { name: 'Write' }).click();
    await writing.page.getByText("it has never seen 'ß'").waitFor();
    await writing.page.close();

    const sentences = await open('sentences');
    await sentences.page.getByLabel('Sentences, one a line').fill('A dog runs.\nA cat sleeps.');
    await sentences.page.getByRole('button', { name: 'Compare' }).click();
    await sentences.page.getByRole('cell', { name: '1.00' }).first().waitFor();
    await sentences.page.close();

    const digits = await open('digits');
    await digits.page.getByLabel('Or write one for me').selectOption('3');
    await digits.page.getByText('It looks like a').waitFor();
    expect([sentences.errors, digits.errors]).toEqual([[], []]);
    await digits.page.close();
  });
});
