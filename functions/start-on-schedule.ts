/** A firing of EventBridge Scheduler becomes one execution: its name is made of the schedule and the time that was meant. */
import { z } from 'zod';
import { InvalidRequest } from '../lib/pipeline/errors.ts';
import { type RunRequest, runRequestSchema } from '../lib/pipeline/request.ts';
import {
  checkScheduleDefinition,
  noteStart,
  readSchedule,
  type ScheduleDefinition,
  type ScheduleOrigin,
  scheduledRequest,
} from '../lib/pipeline/schedules/schedules.ts';
import { keepRequest } from '../lib/pipeline/uploads/starts.ts';
import type { StarterPorts } from './starter-handler.ts';

/** `schedule` points to one in the store; `definition` is one that was deployed with the stack. */
const firingSchema = z.union([
  z.strictObject({ schedule: z.string().max(100), time: z.iso.datetime() }),
  z.strictObject({ definition: z.unknown(), time: z.iso.datetime() }),
]);

export interface SchedulePorts extends StarterPorts {
  /** Whether the execution of a run has not ended. */
  isRunning(run: string): Promise<boolean>;
}

export interface Started {
  readonly run: string | null;
  readonly outcome: 'started' | 'started before' | 'paused' | 'still running';
}

/** Throws InvalidRequest, InvalidSchedule, UnknownSchedule: the firing then goes to the dead-letter queue. */
export async function startOnSchedule(
  event: unknown,
  { store, start, isRunning, log }: SchedulePorts,
): Promise<Started> {
  const firing = firingSchema.safeParse(event);
  if (!firing.success) {
    throw new InvalidRequest(
      `A firing is { schedule, time } or { definition, time }: ${z.prettifyError(firing.error)}`,
    );
  }
  const time = new Date(firing.data.time);
  const stored = 'schedule' in firing.data ? await readSchedule(store, firing.data.schedule) : undefined;
  // Firings are delivered at least once, and one that was under way may arrive after the schedule was paused.
  if (stored?.paused) return { run: null, outcome: 'paused' };
  const definition =
    stored ?? checkScheduleDefinition('definition' in firing.data ? firing.data.definition : undefined);
  const asked = requestOf(definition, time, stored ? 'store' : 'deployment');
  // Two at once would train, and pay for, what neither has finished yet. The next firing comes.
  if (stored?.lastRun && stored.lastRun !== asked.run && (await isRunning(stored.lastRun))) {
    log('the run before still goes on', { run: stored.lastRun, schedule: definition.name });
    return { run: null, outcome: 'still running' };
  }
  const request = await keepRequest(store, asked);
  const { run } = request;
  const isFirst = await start({ name: run, input: JSON.stringify(request) });
  log(isFirst ? 'started' : 'had been started before', { run, schedule: definition.name });
  // For `schedule list`, and also where an earlier delivery died on the way here; the execution's name is what keeps a
  // time from running twice.
  if (stored) await noteStart(store, stored.name, time, run);
  return { run, outcome: isFirst ? 'started' : 'started before' };
}

function requestOf(definition: ScheduleDefinition, time: Date, origin: ScheduleOrigin): RunRequest {
  const parsed = runRequestSchema.safeParse(scheduledRequest(definition, time, origin));
  if (!parsed.success) throw new InvalidRequest(z.prettifyError(parsed.error));
  return parsed.data;
}
