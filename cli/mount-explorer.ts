/** The explorer's files beside the API that they ask. */
import type { ApiApp } from '../lib/api/ports.ts';
import { buildExplorer, explorerPolicy } from '../web/build.ts';

/** The page at `/`, its script and its style sheet beside it. */
export async function mountExplorer(api: ApiApp): Promise<void> {
  for (const [name, { body, contentType, immutable }] of await buildExplorer()) {
    api.get(name === 'index.html' ? '/' : `/${name}`, (context) =>
      context.body(Buffer.from(body), 200, {
        'content-type': contentType,
        'content-security-policy': explorerPolicy,
        'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      }),
    );
  }
}
