/**
 * A dataset's manifest in the bucket starts what is subscribed to it: S3 tells EventBridge, a rule picks the manifests, a
 * function starts one run for each version and subscription. Nothing is polled, and idle it costs nothing.
 */
import { Duration } from 'aws-cdk-lib';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { checkSubscription } from '../lib/pipeline/uploads/subscriptions.ts';
import { type DeployableCode, functionDirectory } from './deployable-code.ts';
import { grantPrefixes } from './grants.ts';
import { HardenedFunction } from './hardened-function.ts';
import { UndeliveredQueue } from './undelivered-queue.ts';

export interface UploadTriggerProps {
  readonly code: DeployableCode;
  readonly bucket: IBucket;
  readonly stateMachine: IStateMachine;
  readonly topic: ITopic;
  /** Subscriptions that are deployed, unchecked; none where absent. */
  readonly subscriptions?: unknown;
}

/** All variables of a function together have 4 kB. */
const mostSubscriptionsCharacters = 3_000;

export class UploadTrigger extends Construct {
  readonly starter: IFunction;
  readonly undelivered: IQueue;

  /** Throws InvalidSubscription. */
  constructor(scope: Construct, id: string, props: UploadTriggerProps) {
    super(scope, id);
    const { bucket, stateMachine } = props;
    // The alarms are named by this.
    const starter = new HardenedFunction(this, 'StartOnUpload', {
      name: 'start-on-upload',
      codeDirectory: functionDirectory(props.code, 'start-on-upload'),
      description: 'Starts one run for each dataset version and subscription',
      environment: {
        STEPWISE_STORE: `s3://${bucket.bucketName}`,
        STEPWISE_STATE_MACHINE: stateMachine.stateMachineArn,
        STEPWISE_SUBSCRIPTIONS: formatSubscriptions(props.subscriptions),
      },
      // A whole core: it runs for a tenth of a second, most of which is loading its own code.
      memoryMegabytes: 1_769,
      timeout: Duration.seconds(30),
    });
    this.starter = starter.function;
    grantPrefixes(starter.role, bucket, {
      read: ['subscriptions/', 'starts/', 'runs/*/request.json'],
      write: ['starts/', 'runs/*/request.json'],
    });
    starter.role.addToPolicy(
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachine.stateMachineArn] }),
    );
    const undelivered = new UndeliveredQueue(this, 'Undelivered', {
      topic: props.topic,
      alarm:
        'A dataset was uploaded and not every subscribed run was started; the message in the queue says which and why',
    });
    this.undelivered = undelivered.queue;
    undelivered.keepFailuresOf(starter);
    new Rule(this, 'ManifestWritten', {
      description: 'The manifest of a dataset version was written',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [bucket.bucketName] },
          // A prefix and a suffix side by side would be alternatives.
          object: { key: Match.wildcard('datasets/*/_manifest.json') },
        },
      },
      targets: [
        new FunctionTarget(starter.function, {
          deadLetterQueue: undelivered.queue,
          // As often and as long as EventBridge tries at all.
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
  }
}

/** From the context: a list, or its JSON where it came by `--context`. Throws InvalidSubscription. */
function formatSubscriptions(subscriptions: unknown): string {
  const list: unknown = typeof subscriptions === 'string' ? JSON.parse(subscriptions) : (subscriptions ?? []);
  if (!Array.isArray(list)) throw new Error('The context stepwise:subscriptions must be a list of subscriptions.');
  const text = JSON.stringify(list.map(checkSubscription));
  if (text.length > mostSubscriptionsCharacters) {
    throw new Error(
      `The context stepwise:subscriptions has ${mostSubscriptionsCharacters} characters at most, and has ${text.length}: keep the others in the bucket, with 'stepwise subscription add'.`,
    );
  }
  return text;
}
