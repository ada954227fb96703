/**
 * A discrete-event simulation of a plan of equal training jobs on spot machines: machines boot, train, write checkpoints, are taken
 * away at random, and whoever they were taken from begins again at its last checkpoint on another one. Nothing of AWS is asked; it
 * says what the assumptions come to.
 */
import type { RandomStream } from '../../lib/numerics/random.ts';

export interface Fleet {
  readonly jobs: number;
  /** Of training, without checkpoints, seconds. */
  readonly jobSeconds: number;
  /** Jobs at one time: of the map, or of the quota for machines. */
  readonly mostAtOnce: number;
  /** From the submission of an attempt to its first second of training: a machine, its image, the process. */
  readonly startSeconds: number;
  /** Training between two checkpoints; infinite for none. */
  readonly checkpointIntervalSeconds: number;
  readonly checkpointSeconds: number;
  /** Interruptions of a running machine an hour; they come as a Poisson process. */
  readonly interruptionsAnHour: number;
  /** Of a job, the first one included; Batch's limit here is 10. */
  readonly mostAttempts: number;
  /** Submissions a second. */
  readonly submissionsASecond: number;
}

export interface FleetOutcome {
  /** Until the last job ended, seconds. */
  readonly makespanSeconds: number;
  /** That machines were there, those of boots and lost work included. */
  readonly machineSeconds: number;
  /** Training that was done twice. */
  readonly lostSeconds: number;
  readonly interruptions: number;
  /** Jobs that ran out of attempts. */
  readonly failed: number;
}

interface Job {
  /** Seconds of training that a checkpoint holds. */
  kept: number;
  attempts: number;
}

/** Events at one time come in the order in which they were made. */
interface Event {
  readonly at: number;
  readonly job: Job;
}

export function simulateFleet(fleet: Fleet, random: RandomStream): FleetOutcome {
  const waiting: Job[] = Array.from({ length: fleet.jobs }, () => ({ kept: 0, attempts: 0 }));
  const ends = new EventQueue();
  let [now, next, submitted, running] = [0, 0, 0, 0];
  let [machineSeconds, lostSeconds, interruptions, failed] = [0, 0, 0, 0];
  /** Of the attempt that is submitted now. */
  const begin = (job: Job) => {
    submitted = Math.max(now, submitted + 1 / fleet.submissionsASecond);
    running++;
    job.attempts++;
    const { seconds, trained, isInterrupted } = runAttempt(fleet, fleet.jobSeconds - job.kept, random);
    machineSeconds += seconds;
    if (isInterrupted) {
      const whole = Math.floor(trained / fleet.checkpointIntervalSeconds) * fleet.checkpointIntervalSeconds;
      const kept = Number.isFinite(whole) ? whole : 0;
      lostSeconds += trained - kept;
      job.kept += kept;
      interruptions++;
    } else job.kept = fleet.jobSeconds;
    ends.add({ at: submitted + seconds, job });
  };
  for (;;) {
    while (running < fleet.mostAtOnce && next < waiting.length) begin(waiting[next++]!);
    const event = ends.take();
    if (!event) break;
    now = event.at;
    running--;
    const { job } = event;
    if (job.kept >= fleet.jobSeconds) continue;
    if (job.attempts >= fleet.mostAttempts) failed++;
    // Batch tries the same job again before the map begins another.
    else begin(job);
  }
  return { makespanSeconds: now, machineSeconds, lostSeconds, interruptions, failed };
}

/** @param left seconds of training that are still to be done */
function runAttempt(
  { startSeconds, checkpointIntervalSeconds, checkpointSeconds, interruptionsAnHour }: Fleet,
  left: number,
  random: RandomStream,
): { readonly seconds: number; readonly trained: number; readonly isInterrupted: boolean } {
  // None after the last second of training: there the artifact is written.
  const checkpoints = Math.max(0, Math.ceil(left / checkpointIntervalSeconds) - 1);
  const whole = startSeconds + left + checkpoints * checkpointSeconds;
  const interruptedAt =
    interruptionsAnHour === 0
      ? Number.POSITIVE_INFINITY
      : -Math.log(1 - random.uniform()) * (3600 / interruptionsAnHour);
  if (interruptedAt >= whole) return { seconds: whole, trained: left, isInterrupted: false };
  const afterStart = Math.max(0, interruptedAt - startSeconds);
  const round = checkpointIntervalSeconds + checkpointSeconds;
  const rounds = Number.isFinite(round) ? Math.floor(afterStart / round) : 0;
  const since = afterStart - (Number.isFinite(round) ? rounds * round : 0);
  // A checkpoint that was being written is none, and what it would have held is lost: a hair below the interval.
  const trained =
    (rounds > 0 ? rounds * checkpointIntervalSeconds : 0) + Math.min(since, checkpointIntervalSeconds * (1 - 1e-9));
  return { seconds: interruptedAt, trained: Math.min(trained, left), isInterrupted: true };
}

/** A binary heap. */
class EventQueue {
  readonly #events: (Event & { readonly order: number })[] = [];
  #added = 0;

  add(event: Event): void {
    const events = this.#events;
    events.push({ ...event, order: this.#added++ });
    for (let at = events.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      [events[at], events[parent]] = [events[parent]!, events[at]!];
      at = parent;
    }
  }

  take(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (events.length === 0 || !last) return first;
    events[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < events.length && this.#isBefore(child, least)) least = child;
      if (least === at) return first;
      [events[at], events[least]] = [events[least]!, events[at]!];
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#events[a]!, this.#events[b]!];
    return one.at < other.at || (one.at === other.at && one.order < other.order);
  }
}

/**
 * Young's interval (1974), √(2 · the time of a checkpoint · the mean time between interruptions): near the best where a checkpoint
 * takes far less than that mean.
 */
export function youngInterval(checkpointSeconds: number, interruptionsAnHour: number): number {
  return Math.sqrt((2 * checkpointSeconds * 3600) / interruptionsAnHour);
}
