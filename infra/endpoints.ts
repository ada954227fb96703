/**
 * The HTTP API on AWS: one function behind a function URL that lets signed requests through and no others. Idle it costs
 * nothing; busy it costs no more than its concurrency allows. The explorer is not deployed: `stepwise serve --store s3://…`
 * shows it to whoever may read the bucket.
 */
import { CfnOutput, Duration } from 'aws-cdk-lib';
import { Alarm, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { FunctionUrlAuthType, type IFunction, InvokeMode } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { defaultLimits } from '../lib/api/ports.ts';
import { type DeployableCode, functionDirectory } from './deployable-code.ts';
import { grantPrefixes } from './grants.ts';
import { HardenedFunction } from './hardened-function.ts';

export interface EndpointsProps {
  readonly code: DeployableCode;
  readonly bucket: IBucket;
  /** Hears of answers that are the server's fault. */
  readonly topic: ITopic;
  /**
   * Requests that are worked on at one time, a further one being answered 429: what a runaway caller can cost is so many
   * functions for as long as nobody looks. 0 turns the endpoints off.
   */
  readonly concurrency: number;
}

export class Endpoints extends Construct {
  readonly function: IFunction;

  constructor(scope: Construct, id: string, { code, bucket, topic, concurrency }: EndpointsProps) {
    super(scope, id);
    // The alarms are named by this.
    const api = new HardenedFunction(this, 'HttpApi', {
      name: 'api',
      codeDirectory: functionDirectory(code, 'api'),
      description: 'Results of runs, and the models that they trained, over HTTP',
      environment: {
        STEPWISE_STORE: `s3://${bucket.bucketName}`,
        STEPWISE_BACKEND: 'wasm-relaxed',
        STEPWISE_THREADS: '1',
      },
      // One whole core.
      memoryMegabytes: 1_769,
      // A request that computes for too long is answered by its own deadline; this is for one that cannot answer.
      timeout: Duration.millis(defaultLimits.deadlineMilliseconds).plus(Duration.seconds(5)),
      reservedConcurrency: concurrency,
    });
    this.function = api.function;
    grantPrefixes(api.role, bucket, {
      // Datasets: races on MNIST, and what the classes of a segmentation are called.
      read: ['results/', 'runs/', 'reports/', 'regressions/', 'artifacts/', 'datasets/'],
    });
    // No CORS: no page of another origin has a use for it.
    const { url } = api.function.addFunctionUrl({
      authType: FunctionUrlAuthType.AWS_IAM,
      invokeMode: InvokeMode.BUFFERED,
    });
    this.alarmOnServerErrors(topic);
    new CfnOutput(this, 'Url', { value: url, description: 'The HTTP API; requests are signed (docs/endpoints.md)' });
    new CfnOutput(this, 'CallerPolicyArn', {
      value: this.createCallerPolicy().managedPolicyArn,
      description: 'Attach it to the users and roles that may call the HTTP API',
    });
  }

  /** What the function itself does not report as an error: an answer of its own that says 5xx, and one cut off by the time-out. */
  private alarmOnServerErrors(topic: ITopic): void {
    new Alarm(this, 'ServerErrors', {
      alarmDescription:
        'The HTTP API answered with 5xx; the instance of the problem document finds the line in its log',
      metric: new Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Url5xxCount',
        dimensionsMap: { FunctionName: this.function.functionName },
        period: Duration.minutes(5),
        statistic: 'Sum',
      }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(new SnsAction(topic));
  }

  /** Both actions are needed since October 2025, and neither is allowed in another way than through the URL. */
  private createCallerPolicy(): ManagedPolicy {
    const resources = [this.function.functionArn];
    return new ManagedPolicy(this, 'Callers', {
      description: 'May call the HTTP API of Stepwise',
      statements: [
        new PolicyStatement({
          actions: ['lambda:InvokeFunctionUrl'],
          resources,
          conditions: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
        }),
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources,
          conditions: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
        }),
      ],
    });
  }
}
