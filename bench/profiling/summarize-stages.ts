/** What each stage of a profiled run spent its time on. */
import { type Attribution, attribute, type Category, inside } from './attribute.ts';
import { always, type CpuProfile, type Span, selfTimes } from './cpu-profile.ts';
import type { RunMarks } from './profiled-process.ts';

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
  /** Of `seconds` outside: what is once a job however long it trains. It is started, loads modules, and decodes its dataset. */
  readonly onceAJobSeconds: number;
  /** The frames outside that took longest. */
  readonly largestOutside: readonly { readonly label: string; readonly share: number }[];
}

export interface RunProfiles {
  /** Of the process that orchestrates and evaluates. */
  readonly own: readonly CpuProfile[];
  /** Of those that train. */
  readonly jobs: readonly CpuProfile[];
  readonly marks: RunMarks;
  /** The project's folder as an address. */
  readonly root: string;
}

const framesNamed = 3;

/**
 * A sample of the process that orchestrates belongs to the stage of its moment, one of a job to training. Evaluations,
 * which run in the process that orchestrates, have no jobs.
 */
export function summarizeStages({ own, jobs, marks, root }: RunProfiles): readonly StageProfile[] {
  const spansOf = (stage: string) => marks.stages.filter((mark) => mark.stage === stage);
  const work = [...spansOf('train'), ...spansOf('evaluate')].sort((a, b) => a.from - b.from);
  const parts: readonly (readonly [ProfiledStage, readonly Span[]])[] = [
    ['train', spansOf('train')],
    ['evaluate', spansOf('evaluate')],
    ['around', gapsBetween(work)],
  ];
  return parts.map(([stage, spans]) => {
    const orchestrated = own.flatMap((profile) => spans.flatMap((span) => attributeTimes(profile, span, root)));
    if (stage !== 'train') return summarize(stage, orchestrated, []);
    const attributeJobs = (among: readonly Span[]) =>
      jobs.flatMap((profile) => among.flatMap((span) => attributeTimes(profile, span, root)));
    const prepared = attributeJobs(marks.preparations);
    const trained = attributeJobs(gapsBetween(marks.preparations));
    const begun = trained.filter(({ category }) => category === 'modules' || category === 'datasets');
    return summarize(stage, [...orchestrated, ...prepared, ...trained], [...orchestrated, ...prepared, ...begun]);
  });
}

interface TimedFrame extends Attribution {
  readonly seconds: number;
}

function attributeTimes(profile: CpuProfile, span: Span, root: string): readonly TimedFrame[] {
  return [...selfTimes(profile, span)].map(([stack, seconds]) => ({ ...attribute(stack, root), seconds }));
}

function gapsBetween(spans: readonly Span[]): readonly Span[] {
  const starts = [always.from, ...spans.map(({ to }) => to)];
  const ends = [...spans.map(({ from }) => from), always.to];
  return starts.map((from, index) => ({ from, to: ends[index]! }));
}

function summarize(stage: ProfiledStage, times: readonly TimedFrame[], onceAJob: readonly TimedFrame[]): StageProfile {
  const busy = times.filter(isBusy);
  const seconds = total(busy);
  const outside = busy.filter(isOutside);
  const share = (part: number) => (seconds > 0 ? part / seconds : 0);
  return {
    stage,
    seconds,
    secondsByCategory: Object.fromEntries(sumBy(times, ({ category }) => category)),
    inside: share(seconds - total(outside)),
    outside: share(total(outside)),
    onceAJobSeconds: total(onceAJob.filter(isBusy).filter(isOutside)),
    largestOutside: [...sumBy(outside, ({ label }) => label)]
      .sort(([, a], [, b]) => b - a)
      .slice(0, framesNamed)
      .map(([label, time]) => ({ label, share: share(time) })),
  };
}

function isBusy({ category }: TimedFrame): boolean {
  return category !== 'waiting';
}

function isOutside({ category }: TimedFrame): boolean {
  return !inside.includes(category);
}

function total(times: readonly TimedFrame[]): number {
  return times.reduce((sum, { seconds }) => sum + seconds, 0);
}

function sumBy<Key extends string>(
  times: readonly TimedFrame[],
  keyOf: (time: TimedFrame) => Key,
): ReadonlyMap<Key, number> {
  const sums = new Map<Key, number>();
  for (const time of times) sums.set(keyOf(time), (sums.get(keyOf(time)) ?? 0) + time.seconds);
  return sums;
}
