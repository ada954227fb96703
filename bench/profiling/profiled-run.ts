/**
 * The process that is profiled: one run, whose jobs are profiled as well. It is started by profile-experiment.ts with
 * `node --cpu-prof`, and writes beside the profiles when its stages began and ended, by the profiles' clock.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importRequiredDatasets } from '../../cli/import-datasets.ts';
import { chooseBackend, openLocalWorld } from '../../cli/local-ports.ts';
import { loadTemplate } from '../../cli/state-machine-template.ts';
import { experiments } from '../../lib/experiments.ts';
import { runLocally } from '../../lib/local/engine.ts';
import type { ProgressEvent } from '../../lib/pipeline/events.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';
import { newRunName } from '../../lib/pipeline/run-names.ts';
import { writeRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { jobProfiles, marksFile, type ProfiledRun, profilingArguments, type StageMark } from './profiled-process.ts';

const asked = JSON.parse(process.argv[2]!) as ProfiledRun;
const { experiment: name, preset, overrides } = asked;
const marks: StageMark[] = [];

const store = await openStore(asked.store);
const datasetVersions = await importRequiredDatasets(store, experiments.find(name), preset, asked.data);
const run = newRunName(name, preset, new Date(), randomBytes(2).toString('hex'));
const request = runRequestSchema.parse({ run, experiment: name, preset, overrides, datasetVersions });
await writeRequest(store, request);
const world = await openLocalWorld({
  store: asked.store,
  backend: chooseBackend(undefined),
  // Helping threads are not sampled: with one, everything that computes is.
  threads: 1,
  onEvent: () => {},
  log: () => {},
});
const { command, args, environment } = world.jobCommand;
const result = await runLocally({
  template: await loadTemplate(),
  store: world.ports.store,
  input: request,
  handlers: world.handlers,
  jobCommand: {
    command,
    args: [...profilingArguments(join(asked.profiles, jobProfiles)), ...args],
    ...(environment && { environment }),
  },
  threads: 1,
  onEvent: mark,
});
await writeFile(join(asked.profiles, marksFile), JSON.stringify(marks));
if (result.status === 'failed') throw new Error(`${result.error}: ${result.cause}`);
process.exit(0);

function mark(event: ProgressEvent): void {
  const now = Number(process.hrtime.bigint() / 1000n);
  if (event.kind === 'stage-started') marks.push({ stage: event.stage, from: now, to: Number.MAX_SAFE_INTEGER });
  if (event.kind === 'stage-finished') {
    const begun = marks.findIndex(({ stage }) => stage === event.stage);
    marks[begun] = { ...marks[begun]!, to: now };
  }
}
