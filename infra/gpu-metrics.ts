/**
 * What CloudWatch knows by itself of GPU machines and of executions under way: AWS counts them an account and region for
 * its quotas. Batch names its clusters and groups as it likes, so nothing narrower can be named in a template; another
 * user of GPUs in the same account shows here, too.
 */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';

/** EC2 publishes every five minutes. */
export const usagePeriod = Duration.minutes(5);

export type Purchase = 'Spot' | 'OnDemand';

/** vCPUs of running machines of the G and VT families, which is how their quota is counted; an .xlarge has four. */
export function gpuVcpus(purchase: Purchase): Metric {
  return new Metric({
    namespace: 'AWS/Usage',
    metricName: 'ResourceCount',
    dimensionsMap: { Service: 'EC2', Type: 'Resource', Resource: 'vCPU', Class: `G/${purchase}` },
    statistic: 'Maximum',
    period: usagePeriod,
    label: purchase === 'Spot' ? 'spot' : 'on demand',
  });
}

/** Standard executions that have not ended, those of maps included. */
export function openExecutions(): Metric {
  return new Metric({
    namespace: 'AWS/States',
    metricName: 'OpenExecutionCount',
    statistic: 'Maximum',
    period: usagePeriod,
    label: 'executions under way',
  });
}

/** 1 while GPU machines run and no execution does. What CloudWatch has no number for is not there. */
export function gpuWithoutPipeline(): MathExpression {
  return new MathExpression({
    expression: 'IF(FILL(spot, 0) + FILL(onDemand, 0) > 0 AND FILL(open, 0) < 1, 1, 0)',
    usingMetrics: { spot: gpuVcpus('Spot'), onDemand: gpuVcpus('OnDemand'), open: openExecutions() },
    period: usagePeriod,
    label: 'GPU machines without a pipeline',
  });
}
