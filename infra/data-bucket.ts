/**
 * The bucket that holds everything: datasets, runs, artifacts, results, reports (`lib/pipeline/keys.ts` is its layout).
 *
 * Private, encrypted, versioned, TLS only; kept when the stack is deleted unless somebody says otherwise, because it is
 * the only thing here that cannot be made again.
 */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeCheckov } from './acknowledge.ts';

export interface DataBucketProps {
  /** How long a checkpoint is kept after it was last written. */
  readonly checkpointRetention?: Duration;
  /** How long a replaced or deleted version can be brought back. */
  readonly noncurrentVersionRetention?: Duration;
  /** Whether deleting the stack deletes everything in it; it is kept where absent. */
  readonly destroyed?: boolean;
}

export class DataBucket extends Construct {
  // Bucket and IBucket differ in what exactOptionalPropertyTypes tells apart; hence the casts.
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: DataBucketProps = {}) {
    super(scope, id);
    const removal = props.destroyed
      ? // A bucket can only be deleted when it is empty; this brings a function of CDK's own that empties it.
        { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }
      : { removalPolicy: RemovalPolicy.RETAIN };
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...hardened,
      // Log delivery is granted by policy; an access control list would need object ownership turned off.
      lifecycleRules: [{ id: 'expire-access-logs', expiration: Duration.days(90), ...noHalfUploads }],
      ...removal,
    });
    Validations.of(accessLogs).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'This is the bucket that access logs are written to; logging it into itself would never end.',
    });
    acknowledgeCheckov(accessLogs, 'CKV_AWS_18', 'It is the bucket that access logs are written to.');
    acknowledgeCheckov(accessLogs, 'CKV_AWS_21', 'S3 writes a log once and nobody changes it; it ends after 90 days.');
    const bucket = new Bucket(this, 'Data', {
      ...hardened,
      versioned: true,
      serverAccessLogsBucket: accessLogs as IBucket,
      serverAccessLogsPrefix: 'data/',
      lifecycleRules: [
        {
          // A finished trial deletes its own checkpoint; this is for the trials that nobody resumed. Checkpoints have a
          // prefix of their own (keys.checkpoint), because a rule for `artifacts/*/checkpoint/` cannot be written.
          id: 'expire-checkpoints',
          prefix: 'checkpoints/',
          expiration: props.checkpointRetention ?? Duration.days(30),
        },
        { id: 'abort-half-uploads', ...noHalfUploads },
        {
          id: 'expire-replaced-versions',
          noncurrentVersionExpiration: props.noncurrentVersionRetention ?? Duration.days(30),
          expiredObjectDeleteMarker: true,
        },
      ],
      ...removal,
    });
    // Dataset manifests start runs through EventBridge. Set on the resource, because the construct's own switch brings
    // a custom resource with a Lambda that may write any bucket's notifications.
    const resource = bucket.node.defaultChild as CfnBucket;
    resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    this.bucket = bucket as IBucket;
  }
}

const hardened = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
} as const;

const noHalfUploads = { abortIncompleteMultipartUploadAfter: Duration.days(1) } as const;
