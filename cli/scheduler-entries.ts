/** Entries of EventBridge Scheduler: one a schedule, in the deployment's group, that wakes the deployment's starter function. */
import { toSchedulerExpression } from '../lib/pipeline/cron.ts';
import { rateMilliseconds, type Schedule } from '../lib/pipeline/schedules.ts';
import { InvalidUsage } from './errors.ts';

/** As `infra/schedules.ts` names it. */
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

/** What is needed of `@aws-sdk/client-scheduler`, so that a test can stand in for it. */
export interface SchedulerClient {
  create(entry: SchedulerEntry): Promise<void>;
  /** Replaces the entry as a whole. */
  update(entry: SchedulerEntry): Promise<void>;
  /** Removing what is not there succeeds. */
  remove(name: string): Promise<void>;
}

const arns = {
  functionArn: /^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+$/,
  roleArn: /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/,
  deadLetterArn: /^arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w-]+$/,
} as const;

/** From the stack's output `ScheduleTarget`: three ARNs, joined by `|`. Throws InvalidUsage. */
export function readScheduleTarget(option: string | undefined): ScheduleTarget {
  const text = option ?? process.env.STEPWISE_SCHEDULE_TARGET;
  const [functionArn = '', roleArn = '', deadLetterArn = '', ...more] = (text ?? '').split('|');
  const target = { functionArn, roleArn, deadLetterArn };
  const isValid = (Object.keys(arns) as (keyof ScheduleTarget)[]).every((part) => arns[part].test(target[part]));
  if (!isValid || more.length > 0) {
    throw new InvalidUsage(
      `A schedule on AWS needs --schedule-target, the output ScheduleTarget of the deployed stack: the ARNs of a function, a role and a queue, joined by '|', and got ${text ? `'${text.slice(0, 300)}'` : 'none'}.`,
    );
  }
  return target;
}

/** The entry carries a pointer: what to run is in the store, and changes there. */
export function schedulerEntry(
  schedule: Pick<Schedule, 'name' | 'times' | 'paused'>,
  target: ScheduleTarget,
): SchedulerEntry {
  const { name, times, paused } = schedule;
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
      Input: JSON.stringify({ schedule: name, time: '<aws.scheduler.scheduled-time>' }),
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

export async function openSchedulerClient(): Promise<SchedulerClient> {
  const {
    CreateScheduleCommand,
    DeleteScheduleCommand,
    ResourceNotFoundException,
    SchedulerClient,
    UpdateScheduleCommand,
  } = await import('@aws-sdk/client-scheduler');
  const client = new SchedulerClient();
  return {
    async create(entry) {
      await client.send(new CreateScheduleCommand(entry));
    },
    async update(entry) {
      await client.send(new UpdateScheduleCommand(entry));
    },
    async remove(name) {
      try {
        await client.send(new DeleteScheduleCommand({ Name: name, GroupName: scheduleGroup }));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}
