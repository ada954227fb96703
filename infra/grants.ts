/**
 * Permissions, action by action. The constructs' own `grantRead`, `grantWrite` and `grantPublish` give `s3:GetObject*`,
 * `s3:List*`, `kms:GenerateDataKey*` and more; these give what the ports call.
 */
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { acknowledgeWildcards, findingReference } from './acknowledge.ts';

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
  if (access.read) {
    role.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }));
  }
  const prefixes = new Set([...(access.read ?? []), ...(access.write ?? []), ...(access.delete ?? [])]);
  for (const prefix of prefixes) {
    acknowledgeWildcards(role, {
      [`Resource::${findingReference(bucket, 'Arn')}/${prefix}*`]:
        'Keys are digests and run names, which come into being later; the bucket is this stack’s own.',
    });
  }
}

export function grantPublish(role: IRole, topic: ITopic, key: IKey): void {
  role.addToPrincipalPolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn] }));
  // SNS encrypts on the publisher's behalf.
  role.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: [key.keyArn] }),
  );
}
