/**
 * Where training instances run: public subnets and no NAT gateway, which would cost more than most experiments.
 *
 * Instances get a public address to reach ECR and CloudWatch, and a security group that lets nothing in. S3 goes
 * through a gateway endpoint, free of charge. No look-ups: synthesis needs no account.
 */

import { RemovalPolicy } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export class Network extends Construct {
  // As in data-bucket.ts, the cast is about exactOptionalPropertyTypes.
  readonly vpc: IVpc;
  readonly trainingSecurityGroup: SecurityGroup;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = new Vpc(this, 'Vpc', {
      // More zones mean more pools to take a spot GPU from; without a look-up, two are all that every region has.
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: true }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
      // Emptying the default security group takes a custom resource with a Lambda; nothing here uses that group.
      restrictDefaultSecurityGroup: false,
    });
    vpc.addFlowLog('Rejected', {
      trafficType: FlowLogTrafficType.REJECT,
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'FlowLog', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
      ),
    });
    this.vpc = vpc as IVpc;
    this.trainingSecurityGroup = new SecurityGroup(this, 'Training', {
      vpc: this.vpc,
      description: 'Training instances: HTTPS out, nothing in',
      allowAllOutbound: false,
    });
    this.trainingSecurityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS services and the image registry');
  }
}
