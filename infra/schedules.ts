/**
 * What a schedule needs on AWS: a group for the entries, a function that starts one run a firing, a role that may call it
 * and nothing else, and a queue for firings that could not be delivered. `stepwise schedule add --engine aws` adds entries;
 * those given here come and go with the deployment.
 */
import { ArnFormat, Aws, CfnOutput, Duration, Fn, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { deployedEntry, type ScheduleTarget, scheduleGroup } from '../lib/pipeline/schedules/scheduler-entry.ts';
import { checkScheduleDefinition, type ScheduleDefinition } from '../lib/pipeline/schedules/schedules.ts';
import { acknowledgeWildcards } from './acknowledge.ts';
import { type DeployableCode, functionDirectory } from './deployable-code.ts';
import { grantPrefixes } from './grants.ts';
import { HardenedFunction } from './hardened-function.ts';
import { UndeliveredQueue } from './undelivered-queue.ts';

export interface SchedulesProps {
  readonly code: DeployableCode;
  readonly bucket: IBucket;
  readonly stateMachine: IStateMachine;
  readonly topic: ITopic;
  /** Schedules that are deployed, unchecked; none where absent. */
  readonly definitions?: unknown;
}

export class Schedules extends Construct {
  readonly starter: IFunction;
  readonly undelivered: Queue;

  /** Throws InvalidSchedule. */
  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    const { bucket, stateMachine } = props;
    const starter = new HardenedFunction(this, 'Starter', {
      name: 'start-on-schedule',
      codeDirectory: functionDirectory(props.code, 'start-on-schedule'),
      description: 'Starts one run for each time that a schedule fires',
      environment: {
        STEPWISE_STORE: `s3://${bucket.bucketName}`,
        STEPWISE_STATE_MACHINE: stateMachine.stateMachineArn,
      },
      timeout: Duration.seconds(30),
    });
    this.starter = starter.function;
    grantPrefixes(starter.role, bucket, {
      read: ['schedules/', 'runs/*/request.json'],
      write: ['schedules/', 'runs/*/request.json'],
    });
    starter.role.addToPolicy(
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachine.stateMachineArn] }),
    );
    this.allowToAskForRuns(starter.role, stateMachine);
    const undelivered = new UndeliveredQueue(this, 'Undelivered', {
      topic: props.topic,
      alarm: 'A schedule fired and no run was started; the message in the queue says which and why',
    });
    this.undelivered = undelivered.queue;
    undelivered.keepFailuresOf(starter);
    const group = new CfnScheduleGroup(this, 'Group', { name: scheduleGroup });
    const role = this.createRole(undelivered.queue);
    const target: ScheduleTarget = {
      functionArn: starter.function.functionArn,
      roleArn: role.roleArn,
      deadLetterArn: undelivered.queue.queueArn,
    };
    for (const definition of checkDefinitions(props.definitions)) this.deploy(definition, target, group);
    new CfnOutput(Stack.of(this), 'ScheduleTarget', {
      value: Fn.join('|', [target.functionArn, target.roleArn, target.deadLetterArn]),
      description: 'stepwise schedule add --engine aws --schedule-target …',
    });
  }

  /** Whether the run before has ended. */
  private allowToAskForRuns(role: Role, stateMachine: IStateMachine): void {
    const stack = Stack.of(this);
    // The seventh part of the ARN, which is a token.
    const machineName = Fn.select(6, Fn.split(':', stateMachine.stateMachineArn));
    const executions = stack.formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${machineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    role.addToPolicy(new PolicyStatement({ actions: ['states:DescribeExecution'], resources: [executions] }));
    const named = `execution:${JSON.stringify(stack.resolve(machineName))}:*`;
    acknowledgeWildcards(role, {
      [`Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:${named}`]:
        'Executions of this one state machine; each run is one, and comes into being later.',
    });
  }

  /** Only for entries of this group, so that no other scheduler of the account or of another can borrow it. */
  private createRole(undelivered: Queue): Role {
    const groupArn = Stack.of(this).formatArn({
      service: 'scheduler',
      resource: 'schedule-group',
      resourceName: scheduleGroup,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': groupArn } },
      }),
    });
    role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [this.starter.functionArn] }),
    );
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [undelivered.queueArn] }));
    return role;
  }

  private deploy(definition: ScheduleDefinition, target: ScheduleTarget, group: CfnScheduleGroup): void {
    const { Target, ...entry } = deployedEntry(definition, target);
    const schedule = new CfnSchedule(this, `Schedule-${definition.name}`, {
      name: entry.Name,
      groupName: entry.GroupName,
      scheduleExpression: entry.ScheduleExpression,
      scheduleExpressionTimezone: entry.ScheduleExpressionTimezone,
      flexibleTimeWindow: { mode: entry.FlexibleTimeWindow.Mode },
      target: {
        arn: Target.Arn,
        roleArn: Target.RoleArn,
        input: Target.Input,
        deadLetterConfig: { arn: Target.DeadLetterConfig.Arn },
        retryPolicy: {
          maximumRetryAttempts: Target.RetryPolicy.MaximumRetryAttempts,
          maximumEventAgeInSeconds: Target.RetryPolicy.MaximumEventAgeInSeconds,
        },
      },
    });
    schedule.addResourceDependency(group);
  }
}

/** From the context: a list, or its JSON where it came by `--context`. */
function checkDefinitions(definitions: unknown): readonly ScheduleDefinition[] {
  if (definitions === undefined) return [];
  const list: unknown = typeof definitions === 'string' ? parseJson(definitions) : definitions;
  if (!Array.isArray(list)) {
    throw new Error('The context stepwise:schedules must be a list of schedules, or the JSON of one.');
  }
  return list.map(checkScheduleDefinition);
}

/** Undefined where it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
