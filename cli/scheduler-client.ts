/** What `stepwise schedule --engine aws` needs: who is called, from the deployment's output, and a client of EventBridge Scheduler. */
import { type SchedulerEntry, type ScheduleTarget, scheduleGroup } from '../lib/pipeline/schedules/scheduler-entry.ts';
import { translateAwsErrors } from './aws-errors.ts';
import { InvalidUsage, SchedulerRefused } from './errors.ts';

/** What is needed of `@aws-sdk/client-scheduler`, so that a test can stand in for it. All throw SchedulerRefused, AwsRefused. */
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

export async function openSchedulerClient(): Promise<SchedulerClient> {
  const scheduler = await import('@aws-sdk/client-scheduler');
  const client = new scheduler.SchedulerClient();
  const ask = async (schedule: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await translateAwsErrors('EventBridge Scheduler', work);
    } catch (error) {
      if (!(error instanceof scheduler.SchedulerServiceException)) throw error;
      throw new SchedulerRefused(schedule, error.name, error.message, { cause: error });
    }
  };
  return {
    create: (entry) => ask(entry.Name, () => client.send(new scheduler.CreateScheduleCommand(entry))),
    update: (entry) => ask(entry.Name, () => client.send(new scheduler.UpdateScheduleCommand(entry))),
    remove: (name) =>
      ask(name, async () => {
        try {
          await client.send(new scheduler.DeleteScheduleCommand({ Name: name, GroupName: scheduleGroup }));
        } catch (error) {
          if (!(error instanceof scheduler.ResourceNotFoundException)) throw error;
        }
      }),
  };
}
