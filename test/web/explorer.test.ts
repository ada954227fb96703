import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experiments } from '../../lib/experiments.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { chromiumPath, findViolations, openPage, startBrowser } from './browser.ts';
import { type ExplorerServer, startExplorerServer } from './explorer-server.ts';
import { changedModule, failedRun, fillIndex, liveRun, makeSampleStore, sampleExperiment } from './sample-store.ts';

if (!chromiumPath) console.log('There is no chromium on PATH: the explorer is not tested in a browser.');

describe.skipIf(!chromiumPath)('the explorer in Chromium', () => {
  let folder: string;
  let server: ExplorerServer;
  let browser: Browser;
  let runs: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stepwise-explorer-'));
    const sample = await makeSampleStore(folder);
    runs = sample.runs;
    server = await startExplorerServer(sample.store);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const pages = () => [
    '#/',
    `#/experiments/${sampleExperiment}?runs=${runs.join(',')}`,
    `#/runs/${runs[0]}`,
    `#/runs/${failedRun}`,
    '#/live',
    '#/speed',
    '#/try/digits',
    '#/try/segmentation',
    '#/try/race',
    '#/try/handwriting',
    '#/try/sentences',
    '#/nowhere',
  ];

  it.each(['light', 'dark'] as const)('is accessible on every page, and quiet: %s', async (colorScheme) => {
    const { page, errors, origins } = await openPage(browser, { colorScheme });
    for (const path of pages()) {
      await visit(page, `${server.address}/${path}`);
      expect(await findViolations(page), path).toEqual([]);
    }
    expect(errors).toEqual([]);
    expect([...origins]).toEqual([server.address]);
    await page.close();
  });

  it('is no wider than a small telephone', async () => {
    const { page } = await openPage(browser, { viewport: { width: 360, height: 740 } });
    for (const path of pages()) {
      await visit(page, `${server.address}/${path}`);
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(360);
    }
    await page.close();
  });

  it('lists every experiment with its last verdict, and finds by words and verdict', async () => {
    const { page } = await openPage(browser);
    await page.goto(server.address);
    const rows = page.locator('.rows li');
    await rows.first().waitFor();
    expect(await rows.count()).toBe(experiments.all().length);
    await page.getByRole('searchbox').fill('quadratics 10-dimensional');
    expect(await rows.count()).toBe(1);
    expect(await rows.locator('.chip').textContent()).not.toBe('not run yet');
    await page.getByRole('radio', { name: 'not run yet' }).check();
    expect(await page.getByText('No experiment matches').isVisible()).toBe(true);
    await page.close();
  });

  it('lays curves of chosen runs over each other, marks regressions, and keeps the choice in the address', async () => {
    const { page, errors } = await openPage(browser);
    await page.goto(`${server.address}/#/experiments/${sampleExperiment}`);
    const lines = page.locator('section[aria-labelledby=curves] .legend li');
    await lines.first().waitFor();
    const ofOne = await lines.count();
    await page.getByRole('checkbox', { name: `Show the curves of ${runs[0]}` }).check();
    await expect.poll(() => lines.count()).toBe(2 * ofOne);
    expect(page.url()).toContain(encodeURIComponent(runs[0]!));
    expect(await page.locator('.u-wrap canvas').count()).toBeGreaterThanOrEqual(2);
    const flips = page.locator('table.runs .flip');
    expect(await flips.count()).toBe(1);
    expect(await flips.textContent()).toMatch(/regression|recovered/);
    const table = page.locator('section[aria-labelledby=curves] details');
    await table.locator('summary').click();
    expect(await table.locator('tbody tr').count()).toBeGreaterThan(2);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('shows regression reports: what changed, from what to what, and what was changed in between', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${server.address}/#/experiments/${sampleExperiment}`);
    const reports = page.locator('section[aria-labelledby=regressions] > ul > li');
    await reports.first().waitFor();
    expect(await reports.count()).toBe(1);
    const [, before, now] = runs;
    expect(await reports.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href')))).toEqual([
      `#/runs/${now}`,
      `#/runs/${before}`,
    ]);
    const lines = await reports.locator('li').allTextContents();
    expect(await reports.textContent()).toMatch(/verdict flipped: [a-z ]+ → (holds|does not hold)/);
    expect(lines[0]).toMatch(/^[\w -]+ of .+: \S+ → .+ \((more than|within) the spread\)$/);
    expect(lines.at(-1)).toBe(`Changed in between: evaluation code 0 → 1: ${changedModule} changed`);
    await page.close();
  });

  it('shows a run with its numbers, its origin and its report in a sandbox', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${server.address}/#/runs/${runs[0]}`);
    await page.getByRole('heading', { name: 'Where it comes from' }).waitFor();
    expect(await page.locator('main table').count()).toBeGreaterThan(1);
    await page.getByText('Show the report').click();
    const frame = page.locator('iframe');
    expect(await frame.getAttribute('sandbox')).toBe('allow-scripts');
    await page.frameLocator('iframe').locator('h1').waitFor();
    await page.close();
  });

  it('shows why a run failed, with the end of its log', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${server.address}/#/runs/${failedRun}`);
    await page.getByText('There is no dataset <mnist>.').waitFor();
    expect(await page.getByText('line 2').isVisible()).toBe(true);
    await page.close();
  });

  it('follows a run that is under way', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${server.address}/#/live`);
    await page.getByText('under way, 3 of 8 (1 reused)').first().waitFor();
    expect(await page.getByText('about 1 min 35 s').isVisible()).toBe(true);
    const asked = () => server.asked.filter((path) => path === `/v1/runs/${liveRun}`).length;
    const before = asked();
    await expect.poll(asked, { timeout: 10_000 }).toBeGreaterThan(before);
    await page.close();
  });

  it('can be used by keyboard alone, and moves the focus to a page that was opened', async () => {
    const { page } = await openPage(browser);
    await page.goto(server.address);
    await page.locator('.rows li').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    // Title and focus follow a page's first paint.
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('link', { name: 'quadratics', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.locator('h1', { hasText: 'quadratics' }).waitFor();
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main');
    await expect.poll(() => page.title()).toBe('quadratics · Stepwise');
    await page.close();
  });

  it('keeps the colours that were chosen', async () => {
    const { page } = await openPage(browser, { colorScheme: 'light' });
    await page.goto(server.address);
    await page.getByLabel('Colours').selectOption('dark');
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await background()).toBe('rgb(22, 24, 29)');
    await page.reload();
    await page.getByLabel('Colours').waitFor();
    expect(await background()).toBe('rgb(22, 24, 29)');
    await page.close();
  });

  it('draws a digit, and says what the server refuses', async () => {
    const sent: unknown[] = [];
    const probabilities = Array.from({ length: 10 }, (_, digit) => (digit === 7 ? 0.91 : 0.01));
    const detail = 'No artifact of learned-optimizers/mnist is in the store.';
    const own = await startExplorerServer(new MemoryObjectStore(), {
      'POST /v1/digits/classify': (body) => {
        sent.push(body);
        if (sent.length > 1) return { status: 404, json: { title: 'No model', status: 404, detail } };
        return { json: { probabilities } };
      },
    });
    const { page } = await openPage(browser);
    await page.goto(`${own.address}/#/try/digits`);
    const pad = (await page.locator('canvas').boundingBox())!;
    await page.mouse.move(pad.x + 80, pad.y + 70);
    await page.mouse.down();
    await page.mouse.move(pad.x + 200, pad.y + 70, { steps: 4 });
    await page.mouse.move(pad.x + 120, pad.y + 220, { steps: 4 });
    await page.mouse.up();
    await page.getByText('It looks like a 7').waitFor();
    const { pixels } = sent[0] as { pixels: readonly number[] };
    expect(pixels).toHaveLength(784);
    expect(pixels.filter((ink) => ink > 0.5).length).toBeGreaterThan(20);
    await page.getByLabel('Or write one for me').selectOption('3');
    await page.getByText(detail).waitFor();
    expect(sent).toHaveLength(2);
    await page.close();
    await own.close();
  });

  it('races optimizers, drawn at once for who wants no motion', async () => {
    const own = await startExplorerServer(new MemoryObjectStore(), {
      'POST /v1/optimizers/race': (body) => ({
        json: {
          curves: (body as { optimizers: string[] }).optimizers.map((optimizer, index) => ({
            optimizer,
            losses: [10, 5 + index, index === 0 ? null : index],
          })),
        },
      }),
    });
    const { page, errors } = await openPage(browser, { reducedMotion: 'reduce' });
    await page.goto(`${own.address}/#/try/race`);
    await page.getByRole('button', { name: 'Race' }).click();
    const rows = page.locator('section[aria-label=Ranking] tbody tr');
    await rows.first().waitFor();
    expect(await rows.allTextContents()).toEqual(['ADAM1', 'SGD2', 'LSTMdiverged']);
    expect(errors).toEqual([]);
    await page.close();
    await own.close();
  });

  it('paints soon with an index of 1,000 runs', async () => {
    const store = new MemoryObjectStore();
    const names = experiments.all().map(({ name }) => name);
    await fillIndex(store, names, 1000);
    const large = await startExplorerServer(store);
    const { page } = await openPage(browser);
    await page.goto(large.address);
    await page.locator('.rows .chip').first().waitFor();
    const painted = await page.evaluate<number>('performance.getEntriesByName("first-contentful-paint")[0].startTime');
    const listed = await page.evaluate<number>('performance.now()');
    console.log(`first paint ${painted.toFixed(0)} ms, verdicts seen by ${listed.toFixed(0)} ms, 1,000 runs`);
    expect(await page.locator('.rows li').count()).toBe(names.length);
    await page.close();
    await large.close();
  });
});

/** A change of the fragment alone loads nothing, so the page is loaded again. */
async function visit(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.reload();
  await page.locator('h1').waitFor();
  await expect.poll(() => page.locator('.loading').count()).toBe(0);
}
