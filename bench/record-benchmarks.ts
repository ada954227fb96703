/** `--record`: the run into docs/benchmarks.json, and the pages made anew from it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommit } from '../cli/record-result.ts';
import { projectRoot } from '../infra/deployable-code.ts';
import { type BenchmarkRow, type BenchmarkRun, benchmarksPath } from '../lib/report/recorded-benchmarks.ts';
import { replaceBetweenMarkers } from '../lib/report/results-table.ts';
import { describeBenchmarkRun } from './benchmark-run.ts';
import type { MachinePeaks } from './machine-peaks.ts';
import { renderBenchmarksPage, renderHeadlines } from './render-benchmarks.ts';

const comparedPackages = ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-layers', 'aws-local-stepfunctions'];

/** Returns the files written, as project-relative paths. Throws CannotRecord, MarkersMissing. */
export async function recordBenchmarks(rows: readonly BenchmarkRow[], peaks: MachinePeaks): Promise<readonly string[]> {
  const [commit, versions] = [await readCommit(projectRoot), await readVersions()];
  const run = describeBenchmarkRun(rows, peaks, { commit, versions });
  const files: Readonly<Record<string, string>> = {
    [benchmarksPath]: `${JSON.stringify(run, undefined, 2)}\n`,
    ...(await renderPages(run)),
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(projectRoot, path), text);
  return Object.keys(files);
}

/** The pages that show the run, by project-relative path; the README with all else as it is. */
export async function renderPages(run: BenchmarkRun): Promise<Readonly<Record<string, string>>> {
  const readme = await readFile(join(projectRoot, 'README.md'), 'utf8');
  return {
    'docs/benchmarks.md': renderBenchmarksPage(run),
    'README.md': replaceBetweenMarkers(readme, 'benchmarks', renderHeadlines(run)),
  };
}

async function readVersions(): Promise<BenchmarkRun['versions']> {
  const entries = comparedPackages.map(async (name) => {
    const path = join(projectRoot, 'node_modules', name, 'package.json');
    return [name, JSON.parse(await readFile(path, 'utf8')).version as string] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
