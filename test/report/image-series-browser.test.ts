/** A series of pictures in a real Chromium, under a reader's keys, mouse and screen reader. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderReport } from '../../lib/report/render-report.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { browser, browserNote, openPage, type Page } from './chromium.ts';
import { sampleDocument, sampleExperiment, sampleSummary } from './sample-report.ts';
import { sampleSeries } from './sample-series.ts';

/** Two series: the first is what a reader uses, the second must stay as it is. */
async function openReport(settings?: Parameters<typeof openPage>[1], change = (html: string) => html): Promise<Page> {
  const imageSeries = [sampleSeries, { ...sampleSeries, title: 'Another' }];
  const { html } = await renderReport({
    document: sampleDocument,
    summary: { ...sampleSummary, charts: [], imageSeries },
    experiment: sampleExperiment,
  });
  const file = join(await newTemporaryFolder(), 'index.html');
  await writeFile(file, change(html));
  return openPage(file, settings);
}

/** Labels of the frames that can be seen, of each series. */
const seen = (page: Page) =>
  page.evaluate<string[][]>(
    `[...document.querySelectorAll('.series')].map((series) => [...series.querySelectorAll('.frame')]
      .filter((frame) => frame.checkVisibility()).map((frame) => frame.querySelector('.label').textContent))`,
  );

/** The dark left and the bright right of the picture that the first series shows, as it was decoded. */
const shownPixels = (page: Page) =>
  page.evaluate<number[]>(
    `(() => {
      const context = Object.assign(document.createElement('canvas'), { width: 4, height: 2 }).getContext('2d');
      context.drawImage([...document.querySelectorAll('.series img')].find((image) => image.checkVisibility()), 0, 0, 4, 2);
      const { data } = context.getImageData(0, 0, 4, 1);
      return [0, 1, 2, 3].map((column) => data[4 * column]);
    })()`,
  );

/**
 * What a screen reader is told of the first slider: its name as Chromium computes it, and its value's text. (The protocol's
 * `valuetext` is the number whatever the attribute says; assistive technology gets the attribute.)
 */
async function announced(page: Page) {
  const { nodes } = await page.send('Accessibility.getFullAXTree');
  const slider = nodes.find(({ role }: { role?: { value: string } }) => role?.value === 'slider');
  return {
    name: slider.name.value,
    says: await page.evaluate<string>(`document.querySelector('.series input').getAttribute('aria-valuetext')`),
  };
}

const labels = sampleSeries.frames.map(({ label }) => label);

describe.skipIf(!browser)(`a series of pictures in Chromium${browserNote}`, () => {
  test('is one picture; arrow keys, Home and End change it, and a screen reader is told its label', async () => {
    const page = await openReport();
    expect(await seen(page)).toEqual([['0 steps'], ['0 steps']]);
    expect(await shownPixels(page)).toEqual([60, 100, 160, 200]);
    // Four pixels wide, and shown as large as other small pictures are.
    expect(await page.evaluate(`document.querySelector('.series img').getBoundingClientRect().width`)).toBe(600);
    expect(await announced(page)).toEqual({ name: 'Steps of the walk', says: '0 steps' });
    // By the keyboard alone: from the top of the page, through its links, to the slider.
    for (let tabs = 0; tabs < 20 && (await page.evaluate('document.activeElement.id')) !== 'series-1'; tabs++) {
      await page.press('Tab');
    }
    const visited: string[][] = [];
    for (const key of ['ArrowRight', 'ArrowUp', 'End', 'ArrowRight', 'ArrowLeft', 'Home', 'ArrowDown']) {
      await page.press(key);
      visited.push((await seen(page))[0]!);
    }
    expect(visited.flat()).toEqual([1, 2, 3, 3, 2, 0, 0].map((frame) => labels[frame]));
    await page.press('End');
    expect(await shownPixels(page)).toEqual([30, 30, 220, 220]);
    expect(await announced(page)).toEqual({ name: 'Steps of the walk', says: 'converged' });
    expect(await page.evaluate(`document.querySelector('.chosen').textContent`)).toBe('converged');
    expect((await seen(page))[1]).toEqual(['0 steps']);
    expect(page.messages).toEqual([]);
  });

  test('changes under a mouse that drags, and the page does not move', async () => {
    const page = await openReport();
    const box = `document.querySelector('.series input')`;
    await page.evaluate(`${box}.scrollIntoView({ block: 'center' })`);
    const placeOf = (share: number) =>
      page.evaluate<[number, number]>(
        `(({ left, top, width, height }) => [left + 8 + ${share} * (width - 16), top + height / 2])(${box}.getBoundingClientRect())`,
      );
    const heightBefore = await page.evaluate('document.documentElement.scrollHeight');
    await page.drag(await placeOf(0), await placeOf(0.64));
    expect((await seen(page))[0]).toEqual(['5 steps']);
    await page.drag(await placeOf(2 / 3), await placeOf(1));
    expect(await seen(page)).toEqual([['converged'], ['0 steps']]);
    expect(await page.evaluate('document.documentElement.scrollHeight')).toBe(heightBefore);
  });

  test('without scripts, and on paper, shows all frames side by side and no slider', async () => {
    const page = await openReport({ withScripts: false });
    const sideBySide = async () => {
      const tops = await page.evaluate<number[]>(
        `[...document.querySelectorAll('.series')[0].querySelectorAll('.frame')].map((frame) => frame.getBoundingClientRect().top)`,
      );
      expect(await seen(page)).toEqual([labels, labels]);
      expect(new Set(tops).size).toBe(1);
      expect(await page.evaluate(`document.querySelector('.slider').checkVisibility()`)).toBe(false);
      expect(await page.evaluate(`document.querySelector('.label').checkVisibility()`)).toBe(true);
    };
    await sideBySide();
    await page.send('Emulation.setScriptExecutionDisabled', { value: false });
    await page.send('Page.reload');
    await expect.poll(() => seen(page)).toEqual([['0 steps'], ['0 steps']]);
    await page.send('Emulation.setEmulatedMedia', { media: 'print' });
    await sideBySide();
  });

  test('its policy refuses any other script, even one byte longer', async () => {
    const page = await openReport({}, (html) => html.replace('</script>', ' </script>'));
    expect(await seen(page)).toEqual([labels, labels]);
    expect(page.messages.join()).toMatch(/Content Security Policy/);
  });
});
