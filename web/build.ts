/** Builds the explorer: one page, its script and its style sheet, in memory, with names that change with the content. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface ExplorerFile {
  readonly body: Uint8Array;
  readonly contentType: string;
  /** Its name changes with its content: a browser may keep it for ever. */
  readonly immutable: boolean;
}

/**
 * What the page may do: its own files and its own server, nothing inline, nothing from elsewhere. `blob:` is for pictures
 * that the page makes or that a user chose; `frame-src` for reports, which run in a sandbox of their own.
 */
export const explorerPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Files by their path below `/`: `index.html`, `explorer-….js`, `explorer-….css`, `icon.svg`. Takes about 0.1 s. */
export async function buildExplorer(): Promise<ReadonlyMap<string, ExplorerFile>> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: { explorer: 'main.tsx', style: 'style.css' },
    outdir: '/',
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    write: false,
    logLevel: 'error',
  });
  const files = new Map<string, ExplorerFile>();
  const add = (extension: string, contentType: string) => {
    const { contents } = outputFiles.find(({ path }) => path.endsWith(extension))!;
    const digest = createHash('sha256').update(contents).digest('hex').slice(0, 12);
    const name = `explorer-${digest}${extension}`;
    files.set(name, { body: contents, contentType, immutable: true });
    return name;
  };
  const script = add('.js', 'text/javascript; charset=utf-8');
  const style = add('.css', 'text/css; charset=utf-8');
  const template = await readFile(`${folder}index.html`, 'utf8');
  const page = template.replace('{{script}}', script).replace('{{style}}', style);
  files.set('index.html', {
    body: new TextEncoder().encode(page),
    contentType: 'text/html; charset=utf-8',
    immutable: false,
  });
  const icon = await readFile(`${folder}icon.svg`);
  files.set('icon.svg', { body: new Uint8Array(icon), contentType: 'image/svg+xml', immutable: false });
  return files;
}
