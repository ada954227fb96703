/** What somebody should hear of: a topic, and alarms that post to it. Notify uses the same topic for runs that ended. */
import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { gpuWithoutPipeline } from './gpu-metrics.ts';

export class Notifications extends Construct {
  readonly topic: Topic;
  readonly key: Key;

  constructor(scope: Construct, id: string, props: { readonly email?: string | undefined } = {}) {
    super(scope, id);
    // A key of our own: CloudWatch and Budgets may not use the one that AWS manages for SNS.
    this.key = new Key(this, 'Key', {
      description: 'Stepwise notifications',
      enableKeyRotation: true,
      // Nothing that is kept needs it, and left behind it would cost a dollar a month for ever.
      removalPolicy: RemovalPolicy.DESTROY,
      pendingWindow: Duration.days(7),
    });
    for (const service of ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com']) {
      this.key.grantEncryptDecrypt(new ServicePrincipal(service));
    }
    this.topic = new Topic(this, 'Topic', { masterKey: this.key, enforceSSL: true });
    // Not on behalf of another account, whose alarms could otherwise write here.
    const ours = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
    for (const service of ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com']) {
      this.topic.grantPublish(new ServicePrincipal(service, { conditions: ours }));
    }
    if (props.email) this.topic.addSubscription(new EmailSubscription(props.email));
  }
}

export interface AlarmsProps {
  readonly topic: Topic;
  readonly stateMachine: StateMachine;
  readonly functions: readonly IFunction[];
}

export class Alarms extends Construct {
  private readonly topic: Topic;

  constructor(scope: Construct, id: string, { topic, stateMachine, functions }: AlarmsProps) {
    super(scope, id);
    this.topic = topic;
    const options = { period: Duration.minutes(5), statistic: 'Sum' };
    // RecordFailure hears of what a state can catch; these are also for what it cannot: a time-out of the whole
    // execution, an abort, States.Runtime.
    this.alarm('RunFailed', 'A run failed', stateMachine.metricFailed(options));
    this.alarm('RunTimedOut', 'A run took longer than a week', stateMachine.metricTimedOut(options));
    this.alarm('RunThrottled', 'Step Functions slows the state machine down', stateMachine.metricThrottled(options));
    for (const fn of functions) {
      const name = fn.node.scope!.node.id;
      this.alarm(`${name}Errors`, `${name} ended with an error`, fn.metricErrors(options));
      this.alarm(
        `${name}Throttles`,
        `${name} is held back, by its own cap or by the account's concurrency`,
        fn.metricThrottles(options),
      );
    }
    // Batch takes some minutes to end a machine that has no job.
    this.alarm('GpuWithoutPipeline', 'GPU machines have run for half an hour and no pipeline', gpuWithoutPipeline(), 6);
  }

  private alarm(id: string, alarmDescription: string, metric: IMetric, evaluationPeriods = 1): void {
    const alarm = new Alarm(this, id, {
      metric,
      alarmDescription,
      threshold: 1,
      evaluationPeriods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
  }
}
