/**
 * `npm run --silent profile -- [EXPERIMENT…] [--preset laptop] [--for SECONDS] [--data FOLDER] [--json]`: what each stage
 * of a run spends its time on; docs/profiles.md says what the columns mean.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readPreset } from '../cli/request-options.ts';
import { experiments } from '../lib/experiments.ts';
import { formatProfiles, type ProfileRow } from './profiling/format-profiles.ts';
import { profileExperiment } from './profiling/profile-experiment.ts';
import { shorten } from './profiling/shorten.ts';
import { evaluationPart, outsideOfWhole, trainingPart, whole } from './profiling/whole-preset.ts';

const { values, positionals } = parseArgs({
  options: {
    preset: { type: 'string', default: 'laptop' },
    for: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const seconds = values.for === undefined ? Number.POSITIVE_INFINITY : Number(values.for);
if (!(seconds > 0)) {
  console.error(`--for takes a number of seconds above 0, and got '${values.for}'.`);
  process.exit(2);
}
const presetName = readPreset(values.preset);
const chosen = positionals.length > 0 ? positionals.map((name) => experiments.find(name)) : experiments.all();

const rows: ProfileRow[] = [];
for (const experiment of chosen) {
  console.error(`${experiment.name} …`);
  const preset = experiment.presets[presetName];
  const overrides = shorten(experiment, preset, seconds);
  const parts = {
    train: trainingPart(experiment, overrides, preset),
    evaluate: evaluationPart(experiment, overrides, preset),
    around: whole,
  };
  // A store of its own: what was trained or measured before would be read instead.
  const store = await mkdtemp(join(tmpdir(), 'stepwise-profile-store-'));
  try {
    const stages = await profileExperiment({
      experiment: experiment.name,
      preset: presetName,
      overrides,
      store,
      ...(values.data !== undefined && { data: values.data }),
    });
    for (const stage of stages) {
      const part = parts[stage.stage];
      rows.push({ experiment: experiment.name, ...stage, part, outsideOfWhole: outsideOfWhole(stage, part) });
    }
  } catch (error) {
    console.error(String(error));
    process.exitCode = 1;
  } finally {
    await rm(store, { recursive: true, force: true });
  }
}
console.log(values.json ? JSON.stringify(rows, undefined, 2) : formatProfiles(rows));
