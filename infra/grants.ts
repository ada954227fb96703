/**
 * Permissions on the bucket, by prefix. The construct's own `grantRead` and `grantWrite` give `s3:GetObject*`,
 * `s3:List*`, `s3:Abort*` and the reading of every bucket setting; these give what the store port calls.
 */
import { Validations } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';

export interface PrefixAccess {
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  readonly delete?: readonly string[];
}

export function grantPrefixes(role: IRole, bucket: IBucket, access: PrefixAccess): void {
  const objects = (prefixes: readonly string[]) => prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`));
  const allow = (actions: string[], prefixes: readonly string[] = []) => {
    if (prefixes.length > 0) role.addToPrincipalPolicy(new PolicyStatement({ actions, resources: objects(prefixes) }));
  };
  allow(['s3:GetObject'], access.read);
  // AbortMultipartUpload: a failing upload must not leave parts behind.
  allow(['s3:PutObject', 's3:AbortMultipartUpload'], access.write);
  allow(['s3:DeleteObject'], access.delete);
  // Without ListBucket, S3 answers 403 where an object is missing, and "not there yet" is an everyday answer here. A
  // HEAD or GET carries no prefix to restrict, so the listing is of this bucket's names as a whole.
  role.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }));
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5',
    reason: `Keys are digests and run names that come into being later; the wildcard is confined to prefixes of this stack's own bucket. X-Ray's PutTraceSegments knows no resources.`,
  });
}
