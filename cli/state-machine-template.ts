/** The synthesised template, kept from one command to the next: CDK takes seconds to load, and a cached run has none to spare. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRootOfThisFile } from '../lib/pipeline/code-digest.ts';

/** All that the synthesised definition depends on. */
const sources = [
  'infra',
  'functions',
  'lib/pipeline/stages.ts',
  'lib/pipeline/keys.ts',
  'lib/pipeline/cost/cost.ts',
  'package-lock.json',
] as const;

export async function loadTemplate(projectRoot = projectRootOfThisFile()): Promise<unknown> {
  const folder = join(projectRoot, 'node_modules', '.cache', 'stepwise');
  const file = join(folder, `${await digestSources(projectRoot)}.json`);
  const cached = await readFile(file, 'utf8').catch(() => undefined);
  if (cached !== undefined) return JSON.parse(cached);
  const { synthesizeTemplate } = await import('../infra/synthesize.ts');
  const template = await synthesizeTemplate();
  await keep(folder, file, JSON.stringify(template));
  return template;
}

/** In one step, for two commands may do it at once; a folder that cannot be written costs only time. */
async function keep(folder: string, file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, text);
    await rename(temporary, file);
  } catch {
    // The next command synthesises again.
  }
}

async function digestSources(projectRoot: string): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of await listFiles(projectRoot, source)) {
      const content = await readFile(join(projectRoot, file));
      hash.update(`${file} ${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex').slice(0, 32);
}

async function listFiles(projectRoot: string, source: string): Promise<readonly string[]> {
  if (/\.\w+$/.test(source)) return [source];
  const entries = await readdir(join(projectRoot, source), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(projectRoot.length + 1))
    .sort();
}
