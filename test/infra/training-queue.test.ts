import { describe, expect, test } from 'vitest';
import { actionsOf, resourcesOf, statementsOf } from './synthesized.ts';

describe('the queue', () => {
  test('tries spot first and on-demand second', async () => {
    const [[, queue] = []] = await resourcesOf('AWS::Batch::JobQueue');
    const environments = new Map(await resourcesOf('AWS::Batch::ComputeEnvironment'));
    const types = queue.ComputeEnvironmentOrder.map(({ Order, ComputeEnvironment }: (typeof queue)[string]) => [
      Order,
      environments.get(ComputeEnvironment['Fn::GetAtt'][0]).ComputeResources.Type,
    ]);
    expect(types).toEqual([
      [1, 'SPOT'],
      [2, 'EC2'],
    ]);
  });

  test('cancels what can never start', async () => {
    const [[, queue] = []] = await resourcesOf('AWS::Batch::JobQueue');
    expect(queue.JobStateTimeLimitActions.map(({ Reason }: (typeof queue)[string]) => Reason)).toEqual([
      'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY',
      'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE',
      'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT',
    ]);
    for (const action of queue.JobStateTimeLimitActions) {
      expect(action).toMatchObject({ State: 'RUNNABLE', Action: 'CANCEL' });
      expect(action.MaxTimeSeconds).toBeGreaterThanOrEqual(600);
    }
  });

  test('its machines have a GPU, its image is named, and idle it costs nothing', async () => {
    const environments = await resourcesOf('AWS::Batch::ComputeEnvironment');
    expect(environments).toHaveLength(2);
    for (const [, { ComputeResources, Type }] of environments) {
      expect(Type.toLowerCase()).toBe('managed');
      expect(ComputeResources).toMatchObject({
        MinvCpus: 0,
        MaxvCpus: 32,
        Ec2Configuration: [{ ImageType: 'ECS_AL2023_NVIDIA' }],
      });
      // No 'optimal': it would add machines without a GPU.
      for (const type of ComputeResources.InstanceTypes) expect(type).toMatch(/^g\d\w*\.xlarge$/);
    }
  });

  test('instances are encrypted, and keep their role from their containers', async () => {
    const [[, template] = []] = await resourcesOf('AWS::EC2::LaunchTemplate');
    expect(template.LaunchTemplateData).toMatchObject({
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      BlockDeviceMappings: [{ Ebs: { Encrypted: true, VolumeSize: 60 } }],
    });
  });
});

describe('the job', () => {
  test('asks for one GPU and no more than an .xlarge has', async () => {
    const [[, job] = []] = await resourcesOf('AWS::Batch::JobDefinition');
    expect(job.PlatformCapabilities).toEqual(['EC2']);
    expect(job.ContainerProperties.ResourceRequirements).toEqual([
      { Type: 'MEMORY', Value: '14336' },
      { Type: 'VCPU', Value: '4' },
      { Type: 'GPU', Value: '1' },
    ]);
    expect(job.ContainerProperties.LinuxParameters).toEqual({ InitProcessEnabled: true });
  });

  test('is tried again where its host was reclaimed, in that order, and ends at last', async () => {
    const [[, job] = []] = await resourcesOf('AWS::Batch::JobDefinition');
    expect(job.RetryStrategy).toEqual({
      Attempts: 10,
      EvaluateOnExit: [
        { Action: 'RETRY', OnStatusReason: 'Host EC2*' },
        { Action: 'EXIT', OnReason: '*' },
      ],
    });
    expect(job.Timeout).toEqual({ AttemptDurationSeconds: 24 * 3600 });
  });

  test('finds the store and its backend in its environment, and a log group with an end', async () => {
    const [[, job] = []] = await resourcesOf('AWS::Batch::JobDefinition');
    const { Environment, LogConfiguration } = job.ContainerProperties;
    expect(Environment).toEqual([
      { Name: 'STEPWISE_STORE', Value: { 'Fn::Join': ['', ['s3://', { Ref: expect.stringMatching(/^BucketData/) }]] } },
      { Name: 'STEPWISE_BACKEND', Value: 'node-gpu' },
    ]);
    expect(LogConfiguration.Options['awslogs-group']).toEqual({ Ref: expect.stringMatching(/^TrainingLog/) });
  });

  test('may delete checkpoints and nothing else', async () => {
    const statements = await statementsOf(/^TrainingJobRole/);
    const deletions = statements.filter((statement) => actionsOf(statement).includes('s3:DeleteObject'));
    expect(JSON.stringify(deletions.map(({ Resource }) => Resource))).toMatch(/^\[.*"\/checkpoints\/\*".*\]$/);
    expect(deletions).toHaveLength(1);
    expect(JSON.stringify(deletions)).not.toMatch(/artifacts|runs|results/);
  });
});

describe('the network', () => {
  test('has no NAT gateway, lets nothing in, and reaches S3 without leaving', async () => {
    expect(await resourcesOf('AWS::EC2::NatGateway')).toEqual([]);
    const [[, group] = []] = await resourcesOf('AWS::EC2::SecurityGroup');
    expect(group.SecurityGroupIngress).toBeUndefined();
    expect(await resourcesOf('AWS::EC2::SecurityGroupIngress')).toEqual([]);
    expect(group.SecurityGroupEgress).toMatchObject([{ FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }]);
    const [[, endpoint] = []] = await resourcesOf('AWS::EC2::VPCEndpoint');
    expect(endpoint.VpcEndpointType).toBe('Gateway');
    for (const [, subnet] of await resourcesOf('AWS::EC2::Subnet')) expect(subnet.MapPublicIpOnLaunch).toBe(true);
  });
});
