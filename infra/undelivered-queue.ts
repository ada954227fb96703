/** Where events go that could not be delivered, or that a function gave up on: kept as long as SQS can, and said by an alarm. */
import { Duration } from 'aws-cdk-lib';
import { Alarm, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge, acknowledgeCheckov } from './acknowledge.ts';
import type { HardenedFunction } from './hardened-function.ts';

export class UndeliveredQueue extends Construct {
  readonly queue: Queue;

  /** `alarm`: what somebody should know who reads of it. */
  constructor(scope: Construct, id: string, { topic, alarm }: { readonly topic: ITopic; readonly alarm: string }) {
    super(scope, id);
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(
      this.queue,
      'AwsSolutions-SQS3',
      'It is the dead-letter queue itself; an alarm tells of what is in it.',
    );
    acknowledgeCheckov(
      this.queue,
      'CKV_AWS_27',
      'It is encrypted under SQS’s own key, which this check does not know.',
    );
    new Alarm(this, 'Alarm', {
      alarmDescription: alarm,
      metric: this.queue.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: 'Maximum',
      }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(new SnsAction(topic));
  }

  /**
   * Also for the events that were delivered and that the function could not deal with: whoever delivers only hands over to
   * Lambda, which tries three times and would then forget.
   */
  keepFailuresOf({ function: fn, role }: HardenedFunction): void {
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }));
    new CfnEventInvokeConfig(this, 'Failures', {
      functionName: fn.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: Duration.hours(6).toSeconds(),
      destinationConfig: { onFailure: { destination: this.queue.queueArn } },
    }).node.addDependency(role);
  }
}
