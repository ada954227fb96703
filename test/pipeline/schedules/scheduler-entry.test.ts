import { expect, test } from 'vitest';
import { deployedEntry, storedEntry } from '../../../lib/pipeline/schedules/scheduler-entry.ts';
import { checkScheduleDefinition, scheduleNamePattern } from '../../../lib/pipeline/schedules/schedules.ts';

const target = {
  functionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:start',
  roleArn: 'arn:aws:iam::111122223333:role/scheduler',
  deadLetterArn: 'arn:aws:sqs:eu-west-1:111122223333:undelivered',
};
const definition = checkScheduleDefinition({
  name: 'nightly',
  experiment: 'layer-norm/draw',
  times: { cron: '30 2 * * 1', timeZone: 'Europe/Zurich' },
});

test('of a schedule in the store points to it, for what it runs may change there', () => {
  expect(storedEntry({ ...definition, paused: false }, target)).toEqual({
    Name: 'nightly',
    GroupName: 'stepwise',
    ScheduleExpression: 'cron(30 2 ? * MON *)',
    ScheduleExpressionTimezone: 'Europe/Zurich',
    State: 'ENABLED',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: target.functionArn,
      RoleArn: target.roleArn,
      Input: '{"schedule":"nightly","time":"<aws.scheduler.scheduled-time>"}',
      DeadLetterConfig: { Arn: target.deadLetterArn },
      RetryPolicy: { MaximumRetryAttempts: 20, MaximumEventAgeInSeconds: 3600 },
    },
  });
  expect(storedEntry({ ...definition, paused: true }, target).State).toBe('DISABLED');
});

test('of a deployed schedule holds all of it, under a name that none in the store can have', () => {
  const entry = deployedEntry(definition, target);
  expect(entry.Name).toBe('deployed.nightly');
  expect(entry.Name).not.toMatch(scheduleNamePattern);
  expect(JSON.parse(entry.Target.Input)).toEqual({ definition, time: '<aws.scheduler.scheduled-time>' });
});

test.each([
  ['1 minute', 'rate(1 minute)'],
  ['1 hours', 'rate(1 hour)'],
  ['6 hours', 'rate(6 hours)'],
  ['1 day', 'rate(1 day)'],
  ['365 day', 'rate(365 days)'],
])('a rate of %s is %s, in the one number that the service takes', (rate, expression) => {
  const entry = storedEntry({ name: 'often', times: { rate }, paused: false }, target);
  expect(entry).toMatchObject({ ScheduleExpression: expression, ScheduleExpressionTimezone: 'UTC' });
});
