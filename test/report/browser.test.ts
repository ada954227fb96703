/** A real report in a real browser: it shows, and it asks nobody for anything. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { renderReport } from '../../lib/report/render-report.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { browser, browserNote } from './chromium.ts';
import { sampleDocument, sampleExperiment, sampleSummary } from './sample-report.ts';

it.skipIf(!browser)(
  `opens from a file, with its verdict and its figure, through a proxy that nobody calls${browserNote}`,
  async () => {
    const folder = await newTemporaryFolder();
    const { html } = await renderReport({
      document: sampleDocument,
      summary: sampleSummary,
      experiment: sampleExperiment,
    });
    const file = join(folder, 'index.html');
    await writeFile(file, html);
    const calls: string[] = [];
    const proxy = createServer((request, response) => {
      calls.push(request.url ?? '');
      response.end();
    });
    proxy.on('connect', (request, socket) => {
      calls.push(request.url ?? '');
      socket.destroy();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const dump = async (path: string) => {
      const { stdout } = await promisify(execFile)(
        browser!,
        [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
          `--user-data-dir=${join(folder, 'profile')}`,
          `--proxy-server=127.0.0.1:${(proxy.address() as AddressInfo).port}`,
          '--dump-dom',
          pathToFileURL(path).href,
        ],
        { maxBuffer: 2 ** 26 },
      );
      return stdout;
    };
    try {
      const seen = await dump(file);
      const ownCalls = calls.filter((call) => !/google|gstatic|gvt1/.test(call));
      expect(ownCalls).toEqual([]);
      expect(seen).toContain('<span class="badge">holds</span>');
      expect(seen).toMatch(/<svg.*<\/svg>/s);
      // The proxy does see what a page asks for: the same file with a picture from elsewhere, without the policy.
      const leaky = join(folder, 'leaky.html');
      await writeFile(leaky, '<img src="http://elsewhere.example/x.png">');
      await dump(leaky);
      expect(calls).toContain('http://elsewhere.example/x.png');
    } finally {
      proxy.close();
    }
  },
);
