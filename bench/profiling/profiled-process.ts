/** What the process that profiles and the one that is profiled agree upon. */
import type { RunStage } from '../../lib/pipeline/events.ts';
import type { PresetName } from '../../lib/pipeline/experiment.ts';
import type { Span } from './cpu-profile.ts';

export interface ProfiledRun {
  readonly experiment: string;
  readonly preset: PresetName;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly store: string;
  /** A folder of datasets; what the packages contain where absent. */
  readonly data?: string;
  /** Where the profiles go. */
  readonly profiles: string;
}

export interface StageMark extends Span {
  readonly stage: RunStage;
}

export interface RunMarks {
  readonly stages: readonly StageMark[];
  /** From the end of one trial to the first step of the next: a job starts, loads modules, decodes its dataset. */
  readonly preparations: readonly Span[];
}

/** In the folder of profiles: a run's marks. */
export const marksFile = 'marks.json';
/** In the folder of profiles: those of the run's jobs. */
export const jobProfiles = 'jobs';

/** Node's arguments: a sample a millisecond, written as the process ends. */
export function profilingArguments(folder: string): readonly string[] {
  return ['--cpu-prof', '--cpu-prof-interval=1000', `--cpu-prof-dir=${folder}`];
}
