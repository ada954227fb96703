/**
 * The digest of exactly the modules that a result depends on.
 *
 * It is taken over *sources*: the files that esbuild's metafile says an entry imports (types erased, packages left
 * out), the binaries and workers that they name as `new URL('./…', import.meta.url)`, and the locked versions of the
 * packages that they import. It is never taken over bundles or anything else that a build makes. That is how it stays
 * the same between laptop and cloud: a checkout computes it on the spot, a deployment carries the table that the same
 * function computed from the same sources at synthesis (`infra/bundle.ts`), and neither depends on the machine.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from './digest.ts';
import type { AnyExperiment } from './experiment.ts';
import type { CodeSources, RunCode } from './regressions/code-sources.ts';
import { remember } from './run-resources.ts';
import type { CodeDigests } from './stages.ts';

/** Digests by experiment name. */
export type CodeDigestTable = Readonly<Record<string, { readonly training: string; readonly evaluation: string }>>;

/** The table that a deployment carries. */
export async function computeCodeDigests(
  projectRoot: string,
  experiments: readonly AnyExperiment[],
): Promise<CodeDigestTable> {
  const digests = codeDigestsFromSource(projectRoot);
  const rows = await Promise.all(
    experiments.map(async (experiment) => [
      experiment.name,
      { training: await digests.training(experiment), evaluation: await digests.evaluation(experiment) },
    ]),
  );
  return Object.fromEntries(rows);
}

/** The modules behind the digests, by experiment name: a second table, for Aggregate alone, because it is longer. */
export type CodeSourcesTable = Readonly<Record<string, RunCode>>;

export async function computeCodeSources(
  projectRoot: string,
  experiments: readonly AnyExperiment[],
): Promise<CodeSourcesTable> {
  const { sources } = codeDigestsFromSource(projectRoot);
  return Object.fromEntries(
    await Promise.all(experiments.map(async (experiment) => [experiment.name, await sources(experiment)])),
  );
}

/** @param readSources reads the second table, where the deployment carries it */
export function codeDigestsFromTable(
  table: CodeDigestTable,
  readSources: () => Promise<CodeSourcesTable | undefined> = async () => undefined,
): CodeDigests {
  const row = (experiment: AnyExperiment) => {
    const found = table[experiment.name];
    if (!found) throw new Error(`The deployed table of code digests has no row for ${experiment.name}: deploy again.`);
    return found;
  };
  return {
    training: async (experiment) => row(experiment).training,
    evaluation: async (experiment) => row(experiment).evaluation,
    sources: async (experiment) => (await readSources())?.[experiment.name],
  };
}

/** Computes digests from a checkout, each module once. */
export function codeDigestsFromSource(projectRoot: string = projectRootOfThisFile()): CodeDigests & {
  sources(experiment: AnyExperiment): Promise<RunCode>;
} {
  const known = new Map<string, Promise<CodeSources>>();
  const sourcesOf = (module: string) => remember(known, module, () => readSources(projectRoot, module));
  return {
    training: async (experiment) => (await sourcesOf(experiment.trainingModule)).digest,
    evaluation: async (experiment) => (await sourcesOf(experiment.module)).digest,
    sources: async (experiment) => ({
      formatVersion: 1,
      training: await sourcesOf(experiment.trainingModule),
      evaluation: await sourcesOf(experiment.module),
    }),
  };
}

export function projectRootOfThisFile(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..');
}

async function readSources(projectRoot: string, module: string): Promise<CodeSources> {
  const { files, packages } = await listDependencies(projectRoot, module);
  const modules = await Promise.all(
    files.map(async (file) => [file, sha256(await readFile(join(projectRoot, file)))] as const),
  );
  const versions = await lockedVersions(projectRoot, packages);
  const lines = [...modules.map((entry) => entry.join(' ')), ...versions.map((entry) => entry.join('@'))];
  return {
    digest: sha256(lines.join('\n')).slice(0, 16),
    modules: Object.fromEntries(modules.map(([file, digest]) => [file, digest.slice(0, 16)])),
    packages: Object.fromEntries(versions),
  };
}

/** Everything that a module depends on: project-relative files and package names, each sorted. */
export async function listDependencies(
  projectRoot: string,
  module: string,
): Promise<{ readonly files: readonly string[]; readonly packages: readonly string[] }> {
  const files = new Set<string>();
  const packages = new Set<string>();
  const open = [module];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (files.has(next)) continue;
    if (!next.endsWith('.ts')) {
      files.add(next);
      continue;
    }
    for (const [input, { imports }] of Object.entries(await metafileInputs(projectRoot, next))) {
      if (files.has(input)) continue;
      files.add(input);
      for (const { path, external } of imports)
        if (external && !path.startsWith('node:')) packages.add(packageOf(path));
      const source = await readFile(join(projectRoot, input), 'utf8');
      for (const asset of namedAssets(source)) {
        const path = posix.join(posix.dirname(input), asset);
        // What a bundle calls `.mjs` is a `.ts` here, named on the same line.
        if (existsSync(join(projectRoot, path))) open.push(path);
      }
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

async function metafileInputs(projectRoot: string, entry: string) {
  // Loaded only here: a deployment carries the table and not esbuild.
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  return metafile.inputs;
}

/** `./build/x.wasm` of every `new URL('./build/x.wasm', import.meta.url)`: what an import graph does not show. */
export function namedAssets(source: string): readonly string[] {
  const pattern = /new URL\(\s*['"](\.{1,2}\/[^'"]+)['"],\s*import\.meta\.url,?\s*\)/g;
  return [...source.matchAll(pattern)].map((match) => match[1]!);
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

async function lockedVersions(projectRoot: string, packages: readonly string[]) {
  const lock = JSON.parse(await readFile(join(projectRoot, 'package-lock.json'), 'utf8'));
  return packages.map((name): readonly [name: string, version: string] => [
    name,
    lock.packages[`node_modules/${name}`]?.version ?? 'unlocked',
  ]);
}
