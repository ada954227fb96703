/** Runs an experiment under V8's sampling profiler, jobs and all, and says what each stage spends its time on. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CpuProfile } from './cpu-profile.ts';
import { jobProfiles, marksFile, type ProfiledRun, profilingArguments, type RunMarks } from './profiled-process.ts';
import { type StageProfile, summarizeStages } from './summarize-stages.ts';

const root = new URL('../../', import.meta.url);
const program = fileURLToPath(new URL('./profiled-run.ts', import.meta.url));

/** Throws where the run fails. */
export async function profileExperiment(asked: Omit<ProfiledRun, 'profiles'>): Promise<readonly StageProfile[]> {
  const profiles = await mkdtemp(join(tmpdir(), 'stepwise-profile-'));
  try {
    await mkdir(join(profiles, jobProfiles));
    await runProfiled({ ...asked, profiles });
    const own = await readProfiles(profiles);
    const jobs = await readProfiles(join(profiles, jobProfiles));
    const marks = JSON.parse(await readFile(join(profiles, marksFile), 'utf8')) as RunMarks;
    return summarizeStages({ own, jobs, marks, root: root.href });
  } finally {
    await rm(profiles, { recursive: true, force: true });
  }
}

async function runProfiled(asked: ProfiledRun): Promise<void> {
  const child = spawn(process.execPath, [...profilingArguments(asked.profiles), program, JSON.stringify(asked)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-10_000);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.on('error', reject);
  child.on('close', (code) => {
    if (code === 0) resolve();
    else reject(new Error(`The run of ${asked.experiment} ended with ${code}:\n${errors}`));
  });
  await promise;
}

async function readProfiles(folder: string): Promise<readonly CpuProfile[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.cpuprofile'));
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile));
}
