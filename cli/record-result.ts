/** `--record`: the result into `docs/results/`, and the README's tables made anew from what lies there. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { projectRootOfThisFile } from '../lib/pipeline/code-digest.ts';
import type { AnyExperiment } from '../lib/pipeline/experiment.ts';
import { loadMeasurement } from '../lib/pipeline/measurements.ts';
import type { RunDocument } from '../lib/pipeline/run-document.ts';
import { standaloneColours } from '../lib/report/chart-theme.ts';
import { plannedExperiments } from '../lib/report/planned-experiments.ts';
import { benchmarksPath } from '../lib/report/recorded-benchmarks.ts';
import {
  formatRecordedResult,
  parseRecordedResult,
  type RecordedResult,
  recordedFigurePath,
  recordedResultPath,
  recordResult,
} from '../lib/report/recorded-result.ts';
import { drawFigures } from '../lib/report/render-report.ts';
import { renderResultsTable, renderStatusTable, replaceBetweenMarkers } from '../lib/report/results-table.ts';
import { CannotRecord } from './errors.ts';

const run = promisify(execFile);

const recordedPaths = ['docs/results', benchmarksPath, 'docs/benchmarks.md', 'README.md'];

/** Returns the files written, as project-relative paths. Throws CannotRecord. */
export async function recordRun(
  document: RunDocument,
  experiments: readonly AnyExperiment[],
  projectRoot = projectRootOfThisFile(),
): Promise<readonly string[]> {
  const { verdict, finishedAt } = document;
  if (!verdict || !finishedAt) throw new CannotRecord(`run ${document.run} has no verdict`);
  const commit = await readCommit(projectRoot);
  const recorded = recordResult({ ...document, verdict }, { commit, date: finishedAt.slice(0, 10) });
  const path = recordedResultPath(document.experiment);
  await mkdir(join(projectRoot, dirname(path)), { recursive: true });
  await writeFile(join(projectRoot, path), formatRecordedResult(recorded));
  const written = [path, ...(await recordFigures(document, experiments, projectRoot))];
  return (await updateReadme(experiments, projectRoot)) ? [...written, 'README.md'] : written;
}

/** The report's figures as files that the README can show, drawn again from the run's measurements. */
async function recordFigures(
  { experiment: name, params, measurements }: RunDocument,
  experiments: readonly AnyExperiment[],
  projectRoot: string,
): Promise<readonly string[]> {
  const experiment = experiments.find((candidate) => candidate.name === name);
  if (!experiment) return [];
  const summary = experiment.summarize(measurements.map(loadMeasurement), experiment.params.parse(params));
  const figures = await drawFigures(summary, standaloneColours);
  const paths = figures.map((_, index) => recordedFigurePath(name, index + 1));
  for (const [index, { svg }] of figures.entries()) await writeFile(join(projectRoot, paths[index]!), `${svg}\n`);
  return paths;
}

/** Makes the README's tables anew; false where there is no README. Throws MarkersMissing, InvalidRecordedResult. */
export async function updateReadme(
  experiments: readonly AnyExperiment[],
  projectRoot = projectRootOfThisFile(),
): Promise<boolean> {
  const readme = join(projectRoot, 'README.md');
  const text = await readFile(readme, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  await writeFile(readme, renderReadme(text, await readRecordedResults(projectRoot), experiments));
  return true;
}

/** The README with its two generated tables. Throws MarkersMissing. */
export function renderReadme(
  text: string,
  results: readonly RecordedResult[],
  experiments: readonly AnyExperiment[],
): string {
  const status = renderStatusTable(experiments, results, plannedExperiments);
  return replaceBetweenMarkers(replaceBetweenMarkers(text, 'results', renderResultsTable(results)), 'status', status);
}

/** Everything in `docs/results/`, by path. Throws InvalidRecordedResult. */
export async function readRecordedResults(projectRoot = projectRootOfThisFile()): Promise<readonly RecordedResult[]> {
  const folder = join(projectRoot, 'docs', 'results');
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (name) => parseRecordedResult(`docs/results/${name}`, await readFile(join(folder, name), 'utf8'))),
  );
}

/** HEAD, and `+` where files other than those that recording writes differ from it. Throws CannotRecord. */
export async function readCommit(projectRoot: string): Promise<string> {
  try {
    const { stdout: commit } = await run('git', ['rev-parse', 'HEAD'], { cwd: projectRoot });
    const { stdout: changes } = await run(
      'git',
      ['status', '--porcelain', '--', '.', ...recordedPaths.map((path) => `:(exclude)${path}`)],
      { cwd: projectRoot },
    );
    return `${commit.trim()}${changes.trim() === '' ? '' : '+'}`;
  } catch (cause) {
    throw new CannotRecord('the commit is unknown; it takes a git checkout with a commit', { cause });
  }
}
