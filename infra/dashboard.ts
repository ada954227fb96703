/** One page of CloudWatch on which somebody sees how the deployment does: runs, machines, functions, the HTTP API, money. */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { defaultPrices } from '../lib/pipeline/cost/prices.ts';
import { gpuVcpus, openExecutions, usagePeriod } from './gpu-metrics.ts';

export interface DashboardProps {
  readonly stateMachine: StateMachine;
  /** All of them; each is called by the construct that it is in. */
  readonly functions: readonly IFunction[];
  /** The one behind the function URL, where there is one. */
  readonly api?: IFunction | undefined;
  /** Of events that could not be delivered, by what they were about. */
  readonly undelivered: Readonly<Record<string, IQueue>>;
}

const period = Duration.minutes(5);
const sum = { period, statistic: 'Sum' } as const;
/** CloudWatch's grid is 24 wide. */
const third = { width: 8, height: 6 } as const;
/** vCPUs of one machine, which prices.ts names the price of. */
const vcpusAMachine = 4;

export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    new CloudWatchDashboard(this, 'Page', {
      dashboardName: Stack.of(this).stackName,
      defaultInterval: Duration.days(1),
      widgets: [
        [text('## Runs\n`stepwise status RUN --engine aws` tells of one; docs/operate.md says what to do.')],
        runs(props.stateMachine),
        [text('## Training\nGPU machines are counted for the whole account and region.')],
        training(),
        [text('## Functions')],
        functions(props),
        ...(props.api ? [[text('## HTTP API')], api(props.api)] : []),
        [text(`## Money\nPrices of ${defaultPrices.asOf} (docs/cost.md). The bill's own metric needs billing alerts.`)],
        money(),
      ],
    });
  }
}

function runs(stateMachine: StateMachine): IWidget[] {
  return [
    graph('Runs by how they ended', [
      stateMachine.metricStarted({ ...sum, label: 'started' }),
      stateMachine.metricSucceeded({ ...sum, label: 'succeeded' }),
      stateMachine.metricFailed({ ...sum, label: 'failed' }),
      stateMachine.metricTimedOut({ ...sum, label: 'timed out' }),
      stateMachine.metricAborted({ ...sum, label: 'stopped' }),
    ]),
    graph('How long a run takes (ms)', [
      stateMachine.metricTime({ period, statistic: 'Average', label: 'mean' }),
      stateMachine.metricTime({ period, statistic: 'Maximum', label: 'longest' }),
    ]),
    graph('Under way', [
      openExecutions(),
      stateMachine.metricThrottled({ ...sum, label: 'state transitions held back' }),
    ]),
  ];
}

function training(): IWidget[] {
  return [
    graph('vCPUs of GPU machines', [gpuVcpus('Spot'), gpuVcpus('OnDemand')]),
    graph(
      'Jobs handed to Batch',
      ['Scheduled', 'Succeeded', 'Failed', 'TimedOut'].map((end) =>
        search(
          `{AWS/States,ServiceIntegrationResourceArn} batch MetricName="ServiceIntegrations${end}"`,
          'Sum',
          end.toLowerCase(),
        ),
      ),
    ),
    graph('GPUs in use, of those that run (%)', [
      search('{AWS/ECS,ClusterName} AWSBatch MetricName="GPUReservation"', 'Average', ''),
    ]),
  ];
}

function functions({ functions, undelivered }: DashboardProps): IWidget[] {
  const each = (metric: (fn: IFunction, label: string) => IMetric) =>
    functions.map((fn) => metric(fn, fn.node.scope!.node.id));
  return [
    graph(
      'Errors',
      each((fn, label) => fn.metricErrors({ ...sum, label })),
    ),
    graph(
      'Duration, 95 % below (ms)',
      each((fn, label) => fn.metricDuration({ period, statistic: 'p95', label })),
    ),
    graph('Held back, and undelivered', [
      ...each((fn, label) => fn.metricThrottles({ ...sum, label })),
      ...Object.entries(undelivered).map(([label, queue]) =>
        queue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum', label }),
      ),
    ]),
  ];
}

function api(fn: IFunction): IWidget[] {
  const url = (metricName: string, label: string, statistic = 'Sum') =>
    new Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { FunctionName: fn.functionName },
      ...{ period, statistic, label },
    });
  return [
    graph('Requests', [
      url('UrlRequestCount', 'all'),
      url('Url4xxCount', 'refused (4xx)'),
      url('Url5xxCount', 'failed (5xx)'),
    ]),
    graph('Time to answer (ms)', [
      url('UrlRequestLatency', 'half below', 'p50'),
      url('UrlRequestLatency', '99 % below', 'p99'),
    ]),
    graph('At one time, and held back', [
      fn.metric('ConcurrentExecutions', { period, statistic: 'Maximum', label: 'at one time' }),
      fn.metricThrottles({ ...sum, label: 'held back (429)' }),
    ]),
  ];
}

function money(): IWidget[] {
  const { gpuInstanceHourSpot: spot, gpuInstanceHourOnDemand: onDemand } = defaultPrices.prices;
  const charges = (label: string, dimensions: Readonly<Record<string, string>> = {}) =>
    new Metric({
      namespace: 'AWS/Billing',
      metricName: 'EstimatedCharges',
      dimensionsMap: { Currency: 'USD', ...dimensions },
      // Billing reports a few times a day, and in one region only.
      ...{ period: Duration.hours(6), statistic: 'Maximum', region: 'us-east-1', label },
    });
  return [
    graph('GPU machines (USD an hour)', [
      new MathExpression({
        expression: `(FILL(spot, 0) * ${spot.usDollars} + FILL(onDemand, 0) * ${onDemand.usDollars}) / ${vcpusAMachine}`,
        usingMetrics: { spot: gpuVcpus('Spot'), onDemand: gpuVcpus('OnDemand') },
        ...{ period: usagePeriod, label: 'as machines of four vCPUs' },
      }),
    ]),
    new GraphWidget({
      title: 'The account’s bill this month (USD)',
      left: [charges('all')],
      ...third,
      region: 'us-east-1',
    }),
    new GraphWidget({
      ...third,
      title: 'By service (USD)',
      left: ['AmazonEC2', 'AWSLambda', 'AmazonS3', 'AmazonStates', 'AmazonCloudWatch'].map((service) =>
        charges(service, { ServiceName: service }),
      ),
      region: 'us-east-1',
    }),
  ];
}

function graph(title: string, left: readonly IMetric[]): IWidget {
  return new GraphWidget({ ...third, title, left: [...left], leftYAxis: { min: 0 } });
}

function search(query: string, statistic: string, label: string): IMetric {
  return new MathExpression({
    expression: `SEARCH('${query}', '${statistic}', ${period.toSeconds()})`,
    ...{ period, label },
  });
}

function text(markdown: string): IWidget {
  return new TextWidget({ markdown, width: 24, height: 2 });
}
