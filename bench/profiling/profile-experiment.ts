/** Runs an experiment under V8's sampling profiler, jobs and all, and says what each stage spends its time on. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Attribution, attribute, type Category, inside } from './attribute.ts';
import { always, type CpuProfile, type Span, selfTimes } from './cpu-profile.ts';
import { jobProfiles, marksFile, type ProfiledRun, profilingArguments, type StageMark } from './profiled-process.ts';

/** `around`: the program's start and the stages that only prepare and conclude. */
export type ProfiledStage = 'train' | 'evaluate' | 'around';

export interface StageProfile {
  readonly stage: ProfiledStage;
  /** Sampled core seconds in which the stage did not wait. */
  readonly seconds: number;
  readonly secondsByCategory: Readonly<Partial<Record<Category, number>>>;
  /** Shares of `seconds`, 0 to 1. */
  readonly inside: number;
  readonly outside: number;
  /** Of `seconds`: what does not grow with the work, for a job loads its modules once however long it trains. */
  readonly loadingSeconds: number;
  /** The frames outside that took longest. */
  readonly largestOutside: readonly { readonly label: string; readonly share: number }[];
}

const root = new URL('../../', import.meta.url);
const program = fileURLToPath(new URL('./profiled-run.ts', import.meta.url));
const framesNamed = 3;

/** Throws where the run fails. */
export async function profileExperiment(asked: Omit<ProfiledRun, 'profiles'>): Promise<readonly StageProfile[]> {
  const profiles = await mkdtemp(join(tmpdir(), 'stepwise-profile-'));
  try {
    await mkdir(join(profiles, jobProfiles));
    await runProfiled({ ...asked, profiles });
    const own = await readProfiles(profiles);
    const jobs = await readProfiles(join(profiles, jobProfiles));
    const marks = JSON.parse(await readFile(join(profiles, marksFile), 'utf8')) as readonly StageMark[];
    return summarizeStages(own, jobs, marks);
  } finally {
    await rm(profiles, { recursive: true, force: true });
  }
}

/** `own`: of the process that orchestrates and evaluates; `jobs`: of those that train. */
export function summarizeStages(
  own: readonly CpuProfile[],
  jobs: readonly CpuProfile[],
  marks: readonly StageMark[],
  projectRoot = root.href,
): readonly StageProfile[] {
  const spansOf = (stage: string) => marks.filter((mark) => mark.stage === stage);
  const work = [...spansOf('train'), ...spansOf('evaluate')].sort((a, b) => a.from - b.from);
  const parts: readonly (readonly [ProfiledStage, readonly Span[]])[] = [
    ['train', spansOf('train')],
    ['evaluate', spansOf('evaluate')],
    ['around', gapsBetween(work)],
  ];
  return parts.map(([stage, spans]) => {
    const times = new Map<string, Attribution & { seconds: number }>();
    const add = (profile: CpuProfile, span: Span) => {
      for (const [stack, seconds] of selfTimes(profile, span)) {
        const attribution = attribute(stack, projectRoot);
        const known = times.get(attribution.label) ?? { ...attribution, seconds: 0 };
        known.seconds += seconds;
        times.set(attribution.label, known);
      }
    };
    for (const profile of own) for (const span of spans) add(profile, span);
    if (stage === 'train') for (const profile of jobs) add(profile, always);
    return summarize(stage, [...times.values()]);
  });
}

function gapsBetween(spans: readonly Span[]): readonly Span[] {
  const starts = [always.from, ...spans.map(({ to }) => to)];
  const ends = [...spans.map(({ from }) => from), always.to];
  return starts.map((from, index) => ({ from, to: ends[index]! }));
}

function summarize(stage: ProfiledStage, times: readonly (Attribution & { readonly seconds: number })[]): StageProfile {
  const secondsByCategory: Partial<Record<Category, number>> = {};
  for (const { category, seconds } of times) secondsByCategory[category] = (secondsByCategory[category] ?? 0) + seconds;
  const busy = times.filter(({ category }) => category !== 'waiting');
  const total = (list: typeof times) => list.reduce((sum, { seconds }) => sum + seconds, 0);
  const seconds = total(busy);
  const share = (part: number) => (seconds > 0 ? part / seconds : 0);
  const outside = busy.filter(({ category }) => !inside.includes(category));
  return {
    stage,
    seconds,
    secondsByCategory,
    inside: share(seconds - total(outside)),
    outside: share(total(outside)),
    loadingSeconds: secondsByCategory.modules ?? 0,
    largestOutside: outside
      .sort((a, b) => b.seconds - a.seconds)
      .slice(0, framesNamed)
      .map((frame) => ({ label: frame.label, share: share(frame.seconds) })),
  };
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
