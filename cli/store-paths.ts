/** Where things of the store lie for somebody outside it. */
import { join } from 'node:path';
import type { RunDocument } from '../lib/pipeline/run-document.ts';
import { absoluteLocation } from './local-ports.ts';

/** The report's file, or its address; undefined where the run has none. */
export function reportPath(store: string, { files }: Pick<RunDocument, 'files'>): string | undefined {
  const key = files.find((file) => file.endsWith('/index.html'));
  if (key === undefined) return undefined;
  const location = absoluteLocation(store);
  return location.includes('://') ? `${location.replace(/\/$/, '')}/${key}` : join(location, key);
}

export function quoteForShell(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
