import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describePeaks } from '../../lib/report/recorded-benchmarks.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { chromiumPath, findViolations, openPage, startBrowser } from './browser.ts';
import { type ExplorerServer, startExplorerServer } from './explorer-server.ts';
import { sampleBenchmarks } from './sample-benchmarks.ts';

describe.skipIf(!chromiumPath)('the page of speed, in Chromium,', () => {
  let server: ExplorerServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await startExplorerServer(new MemoryObjectStore(), {
      'GET /benchmarks.json': () => ({ json: sampleBenchmarks }),
    });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(options = {}, { address } = server) {
    const watched = await openPage(browser, options);
    await watched.page.goto(`${address}/#/speed`);
    await watched.page.locator('.benchmarks, .empty').first().waitFor();
    return watched;
  }

  it('shows every row by benchmark, with its command, its bound and every contestant', async () => {
    const { page, errors } = await open();
    expect(await page.locator('main h2').allTextContents()).toEqual(['walk', 'memory']);
    expect(await page.locator('.eyebrow').allTextContents()).toEqual([
      'npm run bench -- walk',
      'npm run bench -- memory',
    ]);
    const rows = page.locator('.benchmarks > li');
    expect(await rows.locator('h3').allTextContents()).toEqual(sampleBenchmarks.rows.map((row) => row.case));
    expect(await rows.locator('.soft').allTextContents()).toEqual([
      'ms; bound ≤ 3, met',
      'GFLOP/s; bound ≥ 50, missed',
      'MB; bound ≤ 64, met',
    ]);
    expect(await rows.first().locator('.contestants li').allTextContents()).toEqual([
      'Stepwise2',
      'scipy84×',
      'our plain step1.600.800×',
      'physical limit10.500×',
    ]);
    expect(await page.locator('.facts dd').allTextContents()).toEqual([
      '25 Nov 2026, 12:00, commit 0123456+',
      '2 × a processor',
      describePeaks(sampleBenchmarks.peaks).join(''),
      'tfjs 4.22.0',
    ]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('marks a row in which a peer is ahead, whose bar is the longer one, and finds such rows', async () => {
    const { page } = await open();
    const beaten = page.locator('.benchmarks > li').nth(1);
    expect(await beaten.locator('.chip').allTextContents()).toEqual(['a peer ahead', 'bound missed']);
    expect(await beaten.locator('.peer-ahead').allTextContents()).toEqual(['JAX <fast>6400.0625×']);
    const widths = await beaten
      .locator('rect')
      .evaluateAll((bars) => bars.map((bar) => (bar as unknown as Measured).getBoundingClientRect().width));
    expect(widths[0]! / widths[2]!).toBeCloseTo(0.0625, 2);
    expect(widths[1]! / widths[0]!).toBeCloseTo(0.25, 1);
    const limit = await beaten
      .locator('line')
      .first()
      .evaluate((line) => line.getAttribute('x1'));
    expect(limit).toBe('9.38%');
    await page.getByRole('radio', { name: 'a peer ahead' }).check();
    expect(await page.locator('.benchmarks > li').count()).toBe(1);
    expect(await page.getByRole('status').textContent()).toBe('1 of 3 rows shown');
    await page.close();
  });

  it.each(['light', 'dark'] as const)('is accessible, and no wider than a small telephone: %s', async (colorScheme) => {
    const { page } = await open({ colorScheme, viewport: { width: 360, height: 740 } });
    expect(await findViolations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    const cut = await page
      .locator('.contestants span')
      .evaluateAll((cells) => (cells as unknown as Measured[]).filter((c) => c.scrollWidth > c.clientWidth + 1).length);
    expect(cut).toBe(0);
    await page.close();
  });

  it('shows the recorded run of this checkout, and says how to make one where there is none', async () => {
    const checkout = await startExplorerServer(new MemoryObjectStore());
    const recorded = await open({}, checkout);
    expect(await recorded.page.locator('.benchmarks > li').count()).toBeGreaterThan(10);
    await recorded.page.close();
    await checkout.close();

    const bare = await startExplorerServer(new MemoryObjectStore(), {}, await newTemporaryFolder());
    const { page, errors } = await open({}, bare);
    expect(await page.locator('.empty').textContent()).toMatch(
      /^No benchmarks are recorded here\..*npm run bench -- --record$/,
    );
    expect(await findViolations(page)).toEqual([]);
    // That the file is not there is the only thing that a console may speak of.
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
    await page.close();
    await bare.close();
  });
});

/** What this file asks of elements; the types of a browser's are not those of these tests. */
interface Measured {
  readonly scrollWidth: number;
  readonly clientWidth: number;
  getBoundingClientRect(): { readonly width: number };
}
