/** Everything that a deployment is made of. */
import { CfnOutput, Duration, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { lambdaMemoryMegabytes } from '../lib/pipeline/cost/cost.ts';
import { type LambdaStage, lambdaStages } from '../lib/pipeline/stages.ts';
import { Alarms, Notifications } from './alarms.ts';
import { Budget } from './budget.ts';
import { Dashboard } from './dashboard.ts';
import { DataBucket } from './data-bucket.ts';
import type { DeployableCode } from './deployable-code.ts';
import { Endpoints } from './endpoints.ts';
import { grantPrefixes, grantPublish, type PrefixAccess } from './grants.ts';
import { Network } from './network.ts';
import { evaluateTimeout, Pipeline } from './pipeline.ts';
import { Schedules } from './schedules.ts';
import { StageFunction } from './stage-function.ts';
import { TrainingQueue } from './training-queue.ts';
import { UploadTrigger } from './upload-trigger.ts';
import { Webhook } from './webhook.ts';

export interface StepwiseStackProps extends StackProps {
  readonly code: DeployableCode;
  readonly monthlyBudgetUsDollars: number;
  /** Where alarms and the ends of runs go; nobody is told where it is absent. */
  readonly notificationEmail?: string | undefined;
  /** Whether deleting the stack deletes the datasets, models and results, too. */
  readonly destroyData?: boolean | undefined;
  readonly maxVcpus?: number | undefined;
  /** The SecureString parameter that holds a chat's webhook address. */
  readonly webhookParameter?: string | undefined;
  /** Schedules that come with the deployment; see schedules.ts. */
  readonly schedules?: unknown;
  /** Subscriptions to uploads that come with the deployment; see upload-trigger.ts. */
  readonly subscriptions?: unknown;
  /** Requests to the HTTP API that are worked on at one time; see endpoints.ts. */
  readonly endpointConcurrency: number;
}

interface StageSettings {
  readonly description: string;
  readonly access: PrefixAccess;
  readonly timeout?: Duration;
}

/** What each stage may touch and how long it may take; how big it is, cost.ts says, which reckons with it. */
const stages: Readonly<Record<LambdaStage, StageSettings>> = {
  resolve: {
    description: 'Checks a request, pins its dataset versions, estimates its cost',
    access: { read: ['datasets/', 'runs/', 'settings/'], write: ['runs/'], delete: ['runs/'] },
  },
  plan: {
    description: 'Writes the batches of trials that have no artifact yet',
    access: { read: ['runs/', 'artifacts/', 'measurements/'], write: ['runs/'] },
    timeout: Duration.minutes(5),
  },
  evaluate: {
    description: 'Measures the trained models of a batch',
    access: {
      read: ['datasets/', 'runs/', 'artifacts/', 'measurements/'],
      write: ['runs/', 'measurements/'],
    },
    timeout: evaluateTimeout,
  },
  aggregate: {
    description: 'Makes tables, charts, the verdict and the report',
    access: { read: ['runs/', 'artifacts/', 'results/'], write: ['runs/', 'results/', 'reports/', 'regressions/'] },
    timeout: Duration.minutes(5),
  },
  notify: { description: 'Tells subscribers how a run ended', access: { read: ['regressions/'] } },
  'record-failure': {
    description: 'Writes down what failed, where, with the tail of the log',
    access: { write: ['runs/'] },
  },
};

export class StepwiseStack extends Stack {
  constructor(scope: Construct, id: string, props: StepwiseStackProps) {
    super(scope, id, props);
    Tags.of(this).add('project', 'stepwise');
    const { bucket } = new DataBucket(this, 'Bucket', { destroyed: props.destroyData ?? false });
    const { topic, key } = new Notifications(this, 'Notifications', { email: props.notificationEmail });
    const training = new TrainingQueue(this, 'Training', {
      network: new Network(this, 'Network'),
      bucket,
      imageDirectory: props.code.imageDirectory,
      ...(props.maxVcpus === undefined ? {} : { maxVcpus: props.maxVcpus }),
    });
    const functions = Object.fromEntries(
      lambdaStages.map((stage): [LambdaStage, IFunction] => {
        const { access, ...settings } = stages[stage];
        const stageFunction = new StageFunction(this, constructName(stage), {
          stage,
          codeDirectory: props.code.stageDirectories[stage],
          environment: {
            STEPWISE_STORE: `s3://${bucket.bucketName}`,
            STEPWISE_BACKEND: 'wasm-relaxed',
            STEPWISE_TRAINING_BACKEND: 'node-gpu',
            STEPWISE_TOPIC_ARN: topic.topicArn,
          },
          memoryMegabytes: lambdaMemoryMegabytes[stage],
          ...settings,
        });
        grantPrefixes(stageFunction.role, bucket, access);
        if (stage === 'notify' || stage === 'record-failure') grantPublish(stageFunction.role, topic, key);
        return [stage, stageFunction.function];
      }),
    ) as Record<LambdaStage, IFunction>;
    const { stateMachine } = new Pipeline(this, 'Pipeline', {
      bucket,
      functions,
      jobQueueArn: training.jobQueueArn,
      jobDefinitionArn: training.jobDefinitionArn,
    });
    const schedules = new Schedules(this, 'Schedules', {
      ...{ code: props.code, bucket, stateMachine, topic },
      definitions: props.schedules,
    });
    const uploads = new UploadTrigger(this, 'Uploads', {
      ...{ code: props.code, bucket, stateMachine, topic },
      subscriptions: props.subscriptions,
    });
    const endpoints = new Endpoints(this, 'Endpoints', {
      ...{ code: props.code, bucket, topic },
      concurrency: props.endpointConcurrency,
    });
    const watched = [...Object.values(functions), schedules.starter, uploads.starter, endpoints.function];
    const undelivered: Record<string, IQueue> = {
      'missed schedules': schedules.undelivered,
      'missed uploads': uploads.undelivered,
    };
    if (props.webhookParameter !== undefined) {
      const parameterName = props.webhookParameter;
      const webhook = new Webhook(this, 'Webhook', { code: props.code, topic, parameterName });
      watched.push(webhook.function);
      undelivered['missed messages'] = webhook.undelivered;
    }
    new Alarms(this, 'Alarms', { topic, stateMachine, functions: watched });
    new Dashboard(this, 'Dashboard', { stateMachine, functions: watched, api: endpoints.function, undelivered });
    new Budget(this, 'Budget', { monthlyUsDollars: props.monthlyBudgetUsDollars, topic });
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName, description: 'stepwise --store s3://…' });
    new CfnOutput(this, 'StateMachineArn', { value: stateMachine.stateMachineArn });
    new CfnOutput(this, 'TopicArn', { value: topic.topicArn });
    // A bill can be split by them, once they are activated: docs/cost.md.
    for (const part of this.node.children) Tags.of(part).add('component', kebabCase(part.node.id));
  }
}

/** `RecordFailureStage` → `record-failure-stage` */
function kebabCase(id: string): string {
  return id.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}

/** `record-failure` → `RecordFailureStage` */
function constructName(stage: LambdaStage): string {
  const words = stage.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `${words.join('')}Stage`;
}
