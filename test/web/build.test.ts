import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildExplorer, type ExplorerFile, explorerPolicy } from '../../web/build.ts';

let files: ReadonlyMap<string, ExplorerFile>;
beforeAll(async () => {
  files = await buildExplorer();
});

describe('buildExplorer', () => {
  it('makes at most 150 kB, compressed', () => {
    const size = [...files.values()].reduce((sum, { body }) => sum + gzipSync(body).length, 0);
    console.log(`explorer: ${(size / 1000).toFixed(1)} kB with gzip`);
    expect(size).toBeLessThanOrEqual(150_000);
  });

  it('makes a page that loads only its own files, each by a name that changes with its content', () => {
    const page = new TextDecoder().decode(files.get('index.html')!.body);
    const loaded = [...page.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, path]) => path!);
    expect(loaded).toHaveLength(3);
    for (const path of loaded) expect(files.has(path)).toBe(true);
    expect(page).not.toMatch(/https?:|<style|<script>|style=|\{\{/);
    expect([...files].filter(([, { immutable }]) => immutable).map(([name]) => name)).toEqual([
      expect.stringMatching(/^explorer-[0-9a-f]{12}\.js$/),
      expect.stringMatching(/^explorer-[0-9a-f]{12}\.css$/),
    ]);
  });

  it('gives the same bytes again', async () => {
    expect([...(await buildExplorer()).keys()]).toEqual([...files.keys()]);
  });

  it('needs nothing inline and nothing from elsewhere', () => {
    expect(explorerPolicy).not.toMatch(/unsafe|https?:|\*/);
  });
});
