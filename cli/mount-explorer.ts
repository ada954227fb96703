/** The explorer's files beside the API that they ask. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiApp } from '../lib/api/ports.ts';
import { projectRootOfThisFile } from '../lib/pipeline/code-digest.ts';
import { benchmarksPath } from '../lib/report/recorded-benchmarks.ts';
import { buildExplorer, explorerPolicy } from '../web/build.ts';

/** The page at `/`, its script and its style sheet beside it, and the project's recorded benchmarks, if it has any. */
export async function mountExplorer(api: ApiApp, projectRoot = projectRootOfThisFile()): Promise<void> {
  for (const [name, { body, contentType, immutable }] of await buildExplorer()) {
    api.get(name === 'index.html' ? '/' : `/${name}`, (context) =>
      context.body(Buffer.from(body), 200, {
        'content-type': contentType,
        'content-security-policy': explorerPolicy,
        'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      }),
    );
  }
  // Read at each request: benchmarks may be recorded while this serves.
  api.get('/benchmarks.json', async (context) => {
    const run = await readIfThere(join(projectRoot, benchmarksPath));
    if (run === undefined) return context.notFound();
    return context.body(run, 200, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-cache',
    });
  });
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
