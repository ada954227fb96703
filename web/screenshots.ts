/** Takes pictures of every page in both colour schemes and two widths: `node web/screenshots.ts ADDRESS FOLDER [PATH …]`. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [address, folder, ...paths] = process.argv.slice(2);
if (!address || !folder) throw new Error('usage: node web/screenshots.ts http://127.0.0.1:PORT FOLDER [#/path …]');
await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ channel: 'chromium', executablePath: '/usr/bin/chromium' });
for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    for (const path of paths.length > 0 ? paths : ['#/', '#/live', '#/try']) {
      await page.goto(`${address}/${path}`);
      await page.waitForLoadState('networkidle');
      await page.waitForTimeout(300);
      const name = path.replace(/\W+/g, '-').replace(/^-|-$/g, '').slice(0, 40) || 'experiments';
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`), fullPage: width === 1280 });
      process.stdout.write(`${name}-${colorScheme}-${width}.png\n`);
    }
    await page.close();
  }
}
await browser.close();
