/**
 * Where training runs: an AWS Batch queue that tries spot GPUs first and on-demand ones where spot has none, and that
 * costs nothing while it is empty. Fargate has no GPU.
 */
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import {
  Action,
  AllocationStrategy,
  EcsEc2ContainerDefinition,
  EcsJobDefinition,
  EcsMachineImageType,
  JobQueue,
  JobStateTimeLimitActionsAction,
  JobStateTimeLimitActionsReason,
  JobStateTimeLimitActionsState,
  LinuxParameters,
  ManagedEc2EcsComputeEnvironment,
  Reason,
  RetryStrategy,
} from 'aws-cdk-lib/aws-batch';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceClass,
  InstanceSize,
  InstanceType,
  LaunchTemplate,
} from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, LogDriver } from 'aws-cdk-lib/aws-ecs';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeManagedPolicy, acknowledgeWildcards } from './acknowledge.ts';
import { grantPrefixes } from './grants.ts';
import type { Network } from './network.ts';

export interface TrainingQueueProps {
  readonly network: Network;
  readonly bucket: IBucket;
  /** A folder with a Dockerfile and all that it copies; `bundle.ts` makes it. */
  readonly imageDirectory: string;
  /** vCPUs of each compute environment at most: the limit of what can be spent in an hour. */
  readonly maxVcpus?: number;
  /** A job is stopped after this long; it goes on from its checkpoint when it is submitted again. */
  readonly jobTimeout?: Duration;
}

interface InstanceSettings {
  readonly launchTemplate: LaunchTemplate;
  readonly instanceRole: Role;
}

/** One GPU each, 16 GB or more beside it; several families, because a spot pool runs dry at a time. */
const gpuInstances = [InstanceClass.G4DN, InstanceClass.G5, InstanceClass.G6].map((family) =>
  InstanceType.of(family, InstanceSize.XLARGE),
);

export class TrainingQueue extends Construct {
  readonly jobQueueArn: string;
  readonly jobDefinitionArn: string;

  constructor(scope: Construct, id: string, props: TrainingQueueProps) {
    super(scope, id);
    const instance = { launchTemplate: this.createLaunchTemplate(), instanceRole: this.createInstanceRole() };
    const environment = (name: string, spot: boolean) => this.createEnvironment(name, spot, instance, props);
    const queue = new JobQueue(this, 'Queue', {
      computeEnvironments: [
        { computeEnvironment: environment('Spot', true), order: 1 },
        { computeEnvironment: environment('OnDemand', false), order: 2 },
      ],
      // A job that can never start would stay RUNNABLE for ever, and its execution with it.
      jobStateTimeLimitActions: [
        cancelRunnable(JobStateTimeLimitActionsReason.INSUFFICIENT_INSTANCE_CAPACITY, Duration.hours(6)),
        cancelRunnable(JobStateTimeLimitActionsReason.COMPUTE_ENVIRONMENT_MAX_RESOURCE, Duration.minutes(10)),
        cancelRunnable(JobStateTimeLimitActionsReason.JOB_RESOURCE_REQUIREMENT, Duration.minutes(10)),
      ],
    });
    this.jobQueueArn = queue.jobQueueArn;
    this.jobDefinitionArn = this.createJobDefinition(props).jobDefinitionArn;
  }

  private createEnvironment(name: string, spot: boolean, instance: InstanceSettings, props: TrainingQueueProps) {
    const { vpc, trainingSecurityGroup } = props.network;
    return new ManagedEc2EcsComputeEnvironment(this, name, {
      vpc,
      securityGroups: [trainingSecurityGroup],
      ...instance,
      spot,
      allocationStrategy: spot
        ? AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED
        : AllocationStrategy.BEST_FIT_PROGRESSIVE,
      instanceTypes: gpuInstances,
      // 'optimal' would add instances without a GPU.
      useOptimalInstanceClasses: false,
      // The default image for GPU instances still is Amazon Linux 2.
      images: [{ imageType: EcsMachineImageType.ECS_AL2023_NVIDIA }],
      minvCpus: 0,
      maxvCpus: props.maxVcpus ?? 32,
    });
  }

  private createInstanceRole(): Role {
    const policyArn = 'arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role';
    const role = new Role(this, 'InstanceRole', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromManagedPolicyArn(this, 'EcsForEc2', policyArn)],
    });
    acknowledgeManagedPolicy(
      role,
      policyArn,
      'What the ECS agent needs, and AWS changes it with the agent. Jobs have a role of their own and cannot reach this one: the metadata service answers over one hop only.',
    );
    return role;
  }

  private createLaunchTemplate(): LaunchTemplate {
    return new LaunchTemplate(this, 'Instance', {
      requireImdsv2: true,
      // A container is one hop further: it cannot take the instance's role.
      httpPutResponseHopLimit: 1,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          // The CUDA libraries make the image about 8 GB, and 30 GB, the default, is tight while it unpacks.
          volume: BlockDeviceVolume.ebs(60, { encrypted: true, volumeType: EbsDeviceVolumeType.GP3 }),
        },
      ],
    });
  }

  private createJobDefinition({ bucket, imageDirectory, jobTimeout }: TrainingQueueProps): EcsJobDefinition {
    const jobRole = new Role(this, 'JobRole', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    grantPrefixes(jobRole, bucket, {
      read: ['datasets/', 'runs/', 'artifacts/', 'checkpoints/'],
      write: ['runs/', 'artifacts/', 'checkpoints/'],
      delete: ['checkpoints/'],
    });
    const container = new EcsEc2ContainerDefinition(this, 'Container', {
      image: ContainerImage.fromAsset(imageDirectory, { platform: Platform.LINUX_AMD64 }),
      // What an .xlarge has, less what the ECS agent keeps for itself.
      cpu: 4,
      memory: Size.gibibytes(14),
      gpu: 1,
      jobRole,
      environment: {
        STEPWISE_STORE: `s3://${bucket.bucketName}`,
        STEPWISE_BACKEND: 'node-gpu',
      },
      // Passes SIGTERM on and reaps what the job leaves behind.
      linuxParameters: new LinuxParameters(this, 'LinuxParameters', { initProcessEnabled: true }),
      logging: LogDriver.awsLogs({
        streamPrefix: 'train',
        logGroup: new LogGroup(this, 'Log', {
          retention: RetentionDays.THREE_MONTHS,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      }),
    });
    acknowledgeWildcards(container, {
      'Resource::*': 'ecr:GetAuthorizationToken has no resource-level permissions; the image itself is named.',
    });
    return new EcsJobDefinition(this, 'Job', {
      container,
      timeout: jobTimeout ?? Duration.hours(24),
      retryAttempts: 10,
      // Rules are tried in order, and where none matches Batch retries: a reclaimed spot host is worth another attempt
      // from the checkpoint, an exception in our code is not.
      retryStrategies: [
        RetryStrategy.of(Action.RETRY, Reason.SPOT_INSTANCE_RECLAIMED),
        RetryStrategy.of(Action.EXIT, Reason.custom({ onReason: '*' })),
      ],
      propagateTags: true,
    });
  }
}

function cancelRunnable(reason: JobStateTimeLimitActionsReason, maxTime: Duration) {
  return {
    reason,
    maxTime,
    action: JobStateTimeLimitActionsAction.CANCEL,
    state: JobStateTimeLimitActionsState.RUNNABLE,
  };
}
