/**
 * The process that is profiled: one run, whose jobs are profiled as well. It is started by profile-experiment.ts with
 * `node --cpu-prof`, and writes beside the profiles when what began and ended, by the profiles' clock.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importRequiredDatasets } from '../../cli/import-datasets.ts';
import { chooseBackend, openLocalWorld } from '../../cli/local-ports.ts';
import { loadTemplate } from '../../cli/state-machine-template.ts';
import { experiments } from '../../lib/experiments.ts';
import { runLocally } from '../../lib/local/engine.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';
import { newRunName } from '../../lib/pipeline/run-names.ts';
import { writeRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { jobProfiles, marksFile, type ProfiledRun, profilingArguments } from './profiled-process.ts';
import { RunClock } from './run-clock.ts';

const asked = JSON.parse(process.argv[2]!) as ProfiledRun;
const { experiment: name, preset, overrides } = asked;
const clock = new RunClock(() => Number(process.hrtime.bigint() / 1000n));

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
  onEvent: (event) => clock.note(event),
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
  onEvent: (event) => clock.note(event),
});
await writeFile(join(asked.profiles, marksFile), JSON.stringify(clock.marks()));
if (result.status === 'failed') throw new Error(`${result.error}: ${result.cause}`);
process.exit(0);
