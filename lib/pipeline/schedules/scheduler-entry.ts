/**
 * Entries of EventBridge Scheduler: one a schedule, in the deployment's group, that wakes the deployment's starter function.
 * The command line makes them with the service's client, the stack as resources; both from here.
 */
import { toSchedulerExpression } from './cron.ts';
import { rateMilliseconds, type Schedule, type ScheduleDefinition } from './schedules.ts';

/** The group that the stack makes; its role serves entries of no other. */
export const scheduleGroup = 'stepwise';

/** Who is called, with which role, and where what could not be delivered goes. */
export interface ScheduleTarget {
  readonly functionArn: string;
  readonly roleArn: string;
  readonly deadLetterArn: string;
}

export interface SchedulerEntry {
  readonly Name: string;
  readonly GroupName: string;
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone: string;
  readonly State: 'ENABLED' | 'DISABLED';
  readonly FlexibleTimeWindow: { readonly Mode: 'OFF' };
  readonly Target: {
    readonly Arn: string;
    readonly RoleArn: string;
    readonly Input: string;
    readonly DeadLetterConfig: { readonly Arn: string };
    readonly RetryPolicy: { readonly MaximumRetryAttempts: number; readonly MaximumEventAgeInSeconds: number };
  };
}

/** Of a schedule in the store: the entry carries a pointer, for what to run is there and may change there. */
export function storedEntry({ name, times, paused }: StoredTimes, target: ScheduleTarget): SchedulerEntry {
  return schedulerEntry({ name, times, paused, about: { schedule: name } }, target);
}

/** Of a schedule that came with the deployment: all of it, for the store knows nothing of it. */
export function deployedEntry(definition: ScheduleDefinition, target: ScheduleTarget): SchedulerEntry {
  // No schedule in the store can have a name with a point.
  const name = `deployed.${definition.name}`;
  return schedulerEntry({ name, times: definition.times, paused: false, about: { definition } }, target);
}

type StoredTimes = Pick<Schedule, 'name' | 'times' | 'paused'>;

function schedulerEntry(
  { name, times, paused, about }: StoredTimes & { readonly about: object },
  target: ScheduleTarget,
): SchedulerEntry {
  return {
    Name: name,
    GroupName: scheduleGroup,
    ScheduleExpression: 'cron' in times ? toSchedulerExpression(times.cron) : toRateExpression(times.rate),
    ScheduleExpressionTimezone: 'cron' in times ? times.timeZone : 'UTC',
    State: paused ? 'DISABLED' : 'ENABLED',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: target.functionArn,
      RoleArn: target.roleArn,
      // The service puts in the time that was meant: it is the same however often it tries.
      Input: JSON.stringify({ ...about, time: '<aws.scheduler.scheduled-time>' }),
      DeadLetterConfig: { Arn: target.deadLetterArn },
      // Later than an hour it is news no more, and the dead-letter queue says that it was missed.
      RetryPolicy: { MaximumRetryAttempts: 20, MaximumEventAgeInSeconds: 3600 },
    },
  };
}

/** `rate(1 hour)`: the service insists on the singular. */
function toRateExpression(rate: string): string {
  const [, unit = ''] = rate.split(' ');
  const singular = unit.replace(/s$/, '');
  const count = rateMilliseconds(rate) / rateMilliseconds(`1 ${singular}`);
  return `rate(${count} ${singular}${count === 1 ? '' : 's'})`;
}
