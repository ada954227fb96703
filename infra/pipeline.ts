/**
 * The state machine: Resolve → Plan → Train → Evaluate → Aggregate → Notify, and RecordFailure for whatever fails.
 *
 * This is the only orchestration there is: on AWS Step Functions runs it, on a laptop the local engine runs the same
 * synthesised definition. JSONPath only, because the local interpreter knows nothing else. State carries pointers and
 * counts (`lib/pipeline/stages.ts`); lists are JSON Lines in the bucket, behind Distributed Maps.
 */
import { type CfnElement, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  Choice,
  Condition,
  DefinitionBody,
  DistributedMap,
  type DistributedMapJsonPathProps,
  Fail,
  JsonPath,
  LogLevel,
  ResultWriterV2,
  S3JsonLItemReader,
  StateMachine,
  StateMachineType,
  Succeed,
  type TaskStateBase,
} from 'aws-cdk-lib/aws-stepfunctions';
import { BatchSubmitJob, LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { keys } from '../lib/pipeline/keys.ts';
import type { LambdaStage } from '../lib/pipeline/stages.ts';
import { acknowledgeWildcards, findingReference } from './acknowledge.ts';
import { retryBatch, retryLambda, retryMapInputAndOutput } from './retries.ts';

export interface PipelineProps {
  readonly bucket: IBucket;
  readonly functions: Readonly<Record<LambdaStage, IFunction>>;
  readonly jobQueueArn: string;
  readonly jobDefinitionArn: string;
  /** Batch jobs in flight at once; Batch itself takes about 50 SubmitJob calls a second. */
  readonly maxTrainingJobs?: number;
  /** Evaluation Lambdas in flight at once; a new account may run few. */
  readonly maxEvaluations?: number;
}

/** Evaluate's children are EXPRESS, which end after five minutes; its function must end before that. */
export const evaluateTimeout = Duration.seconds(270);

export class Pipeline extends Construct {
  readonly stateMachine: StateMachine;
  private readonly props: PipelineProps;

  constructor(scope: Construct, id: string, props: PipelineProps) {
    super(scope, id);
    this.props = props;

    const recordFailure = this.createFailurePath();
    const stage = (name: string, stageName: LambdaStage) => {
      const task = this.invoke(name, stageName);
      task.addCatch(recordFailure, { resultPath: '$.error' });
      return task;
    };
    const train = this.createTrainMap();
    train.addCatch(recordFailure, { resultPath: '$.error' });
    const evaluate = this.createEvaluateMap();
    evaluate.addCatch(recordFailure, { resultPath: '$.error' });

    const notify = this.invoke('Notify', 'notify', JsonPath.DISCARD);
    notify.addCatch(recordFailure, { resultPath: '$.error' });

    // Everything may have been trained before, and a map over an empty file is an error on AWS.
    const anythingToTrain = new Choice(this, 'Anything to train?')
      .when(Condition.numberGreaterThan('$.trainBatches', 0), train)
      .otherwise(evaluate);

    train.next(evaluate);
    evaluate.next(stage('Aggregate', 'aggregate')).next(notify).next(new Succeed(this, 'Succeed'));
    const start = stage('Resolve', 'resolve').next(stage('Plan', 'plan')).next(anythingToTrain);

    this.stateMachine = new StateMachine(this, 'StateMachine', {
      definitionBody: DefinitionBody.fromChainable(start),
      // Redrive is for Standard executions only, and only Standard ones outlast five minutes.
      stateMachineType: StateMachineType.STANDARD,
      comment: 'An experiment of a paper: plan, train, evaluate, aggregate',
      // Redrive reaches back 14 days; whatever takes longer than a week is stuck.
      timeout: Duration.days(7),
      tracingEnabled: true,
      logs: { destination: this.createLogGroup(), level: LogLevel.ALL, includeExecutionData: true },
    });
    this.allowAbortToStopTheGpu();
    this.acknowledgeWildcards();
  }

  /** The whole state goes in and comes out: what a handler takes and returns is small. */
  private invoke(name: string, stage: LambdaStage, resultPath?: string): TaskStateBase {
    const task = LambdaInvoke.jsonPath(this, name, {
      lambdaFunction: this.props.functions[stage],
      payloadResponseOnly: true,
      // The construct's own retry has no jitter; ours is below.
      retryOnServiceExceptions: false,
      ...(resultPath === undefined ? {} : { resultPath }),
    });
    task.addRetry(retryLambda);
    return task;
  }

  private createTrainMap(): DistributedMap {
    const job = BatchSubmitJob.jsonPath(this, 'Train batch', {
      jobName: 'stepwise-train',
      jobQueueArn: this.props.jobQueueArn,
      jobDefinitionArn: this.props.jobDefinitionArn,
      // A pointer: container overrides are limited to 8,192 characters, a batch of trials is not.
      containerOverrides: {
        environment: {
          STEPWISE_RUN: JsonPath.stringAt('$.run'),
          // Batch takes text only.
          STEPWISE_BATCH: JsonPath.format('{}', JsonPath.stringAt('$.batch')),
        },
      },
      // So that a bill can be split by run.
      tags: { 'stepwise-run': JsonPath.stringAt('$.run') },
      // What Batch says of the job is 5 kB that nobody reads; the job has written its own record.
      resultPath: JsonPath.DISCARD,
    });
    job.addRetry(retryBatch);
    const map = this.createMap('Train', 'train', {
      // `.sync` needs it, and so does anything longer than five minutes.
      mapExecutionType: StateMachineType.STANDARD,
      maxConcurrency: this.props.maxTrainingJobs ?? 16,
      itemReader: this.readLines('$.trainKey'),
    });
    return map.itemProcessor(job);
  }

  private createEvaluateMap(): DistributedMap {
    const map = this.createMap('Evaluate', 'evaluate', {
      // Cheaper and faster to start than STANDARD where a batch ends within five minutes.
      mapExecutionType: StateMachineType.EXPRESS,
      maxConcurrency: this.props.maxEvaluations ?? 40,
      itemReader: this.readLines('$.evaluationKey'),
    });
    return map.itemProcessor(this.invoke('Evaluate batch', 'evaluate'));
  }

  private createMap(name: string, label: 'train' | 'evaluate', props: DistributedMapJsonPathProps): DistributedMap {
    const map = DistributedMap.jsonPath(this, name, {
      ...props,
      label,
      // A line also lists its trials; the job reads those itself.
      itemSelector: {
        run: JsonPath.stringAt('$$.Map.Item.Value.run'),
        batch: JsonPath.numberAt('$$.Map.Item.Value.batch'),
      },
      toleratedFailurePercentagePath: '$.toleratedFailurePercentage',
      resultWriterV2: new ResultWriterV2({
        bucket: this.props.bucket,
        prefix: JsonPath.format(keys.mapResults('{}', label), JsonPath.stringAt('$.run')),
      }),
      // The state stays what Plan made it.
      resultPath: JsonPath.DISCARD,
    });
    map.addRetry(retryMapInputAndOutput);
    return map;
  }

  private readLines(keyPath: string): S3JsonLItemReader {
    return new S3JsonLItemReader({ bucket: this.props.bucket, key: JsonPath.stringAt(keyPath) });
  }

  /** RecordFailure writes down what failed and where; the execution then fails with the error that it failed with. */
  private createFailurePath(): TaskStateBase {
    const failed = new Fail(this, 'Failed', { errorPath: '$.error.Error', causePath: '$.error.Cause' });
    const recordFailure = this.invoke('RecordFailure', 'record-failure', JsonPath.DISCARD);
    // Where even that fails, the first error is still the one worth telling.
    recordFailure.addCatch(failed, { resultPath: JsonPath.DISCARD });
    recordFailure.next(failed);
    return recordFailure;
  }

  private createLogGroup(): LogGroup {
    return new LogGroup(this, 'Log', {
      // This prefix spares the account-wide log resource policy, which is limited to 5,120 characters.
      logGroupName: `/aws/vendedlogs/states/${Stack.of(this).stackName}-pipeline`,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  /** The construct grants SubmitJob only; without these an aborted execution leaves its jobs running and billed. */
  private allowAbortToStopTheGpu(): void {
    const jobs = Stack.of(this).formatArn({ service: 'batch', resource: 'job', resourceName: '*' });
    // Job identifiers exist only once a job does, hence the wildcard.
    this.stateMachine.addToRolePolicy(
      new PolicyStatement({ actions: ['batch:TerminateJob', 'batch:TagResource'], resources: [jobs] }),
    );
    // DescribeJobs knows no resource-level permissions.
    this.stateMachine.addToRolePolicy(new PolicyStatement({ actions: ['batch:DescribeJobs'], resources: ['*'] }));
  }

  private acknowledgeWildcards(): void {
    const { stateMachine } = this;
    const local = (service: string, resource: string) =>
      `Resource::arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>:${resource}`;
    const machineName = `{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"${Stack.of(this).resolve((stateMachine.node.defaultChild as CfnElement).logicalId)}"}]}]}`;
    for (const fn of Object.values(this.props.functions)) {
      acknowledgeWildcards(stateMachine.role, {
        [`Resource::${findingReference(fn, 'Arn')}:*`]: 'Versions and aliases of this one function.',
      });
    }
    acknowledgeWildcards(stateMachine.role, {
      'Resource::*': 'Log delivery, X-Ray and batch:DescribeJobs have no resource-level permissions.',
      [`Resource::arn:<AWS::Partition>:s3:::${findingReference(this.props.bucket)}/*`]:
        'The maps read and write below runs/{run}/ of this one bucket; the constructs know the bucket only.',
      [local('batch', 'job-definition/*')]: 'Every deployment makes a revision; the queue is named.',
      [local('batch', 'job/*')]: 'Job identifiers come into being with the job.',
    });
    for (const map of ['', '/train', '/evaluate']) {
      acknowledgeWildcards(stateMachine, {
        [local('states', `execution:${machineName}${map}:*`)]: 'Executions of this one state machine’s maps.',
      });
    }
  }
}
