/** The emulated template in MiniStack: uploaded and created as `cdk deploy` does it, and what it became. */
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { callQuery } from './aws-request.ts';

export const stackName = 'Stepwise';
/** What a bootstrapped account has: bundles and templates are uploaded to it. */
export const assetBucket = 'cdk-hnb659fds-assets-000000000000-eu-central-1';

/** Logical ids to physical ones. Throws what CloudFormation says of a resource that it could not make. */
export async function deployStack(
  endpoint: string,
  s3: S3Client,
  template: unknown,
): Promise<ReadonlyMap<string, string>> {
  await s3.send(new PutObjectCommand({ Bucket: assetBucket, Key: 'template.json', Body: JSON.stringify(template) }));
  const describe = (action: string) => callQuery(endpoint, 'cloudformation', action, { StackName: stackName });
  // A template of this size cannot be sent as text, here as on AWS.
  const address = { StackName: stackName, TemplateURL: `${endpoint}/${assetBucket}/template.json` };
  await callQuery(endpoint, 'cloudformation', 'CreateStack', address);
  for (;;) {
    const [, status] = /<StackStatus>(\w+)</.exec(await describe('DescribeStacks')) ?? [];
    if (status === 'CREATE_COMPLETE') break;
    if (status !== 'CREATE_IN_PROGRESS') {
      const failed = /<ResourceStatusReason>([^<]+)</g;
      const reasons = [...(await describe('DescribeStackEvents')).matchAll(failed)].map(([, reason]) => reason);
      throw new Error(`The stack ended as ${status}: ${reasons.join('; ')}`);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  const resources = await describe('DescribeStackResources');
  return new Map(
    [...resources.matchAll(/<member>([\s\S]*?)<\/member>/g)].map(([, member]): [string, string] => [
      textOf(member!, 'LogicalResourceId'),
      textOf(member!, 'PhysicalResourceId'),
    ]),
  );
}

/** As far as a job definition needs it: `Ref` to a resource, and texts joined. Other functions stay as they are. */
export function resolveReferences(value: unknown, physical: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveReferences(item, physical));
  if (typeof value !== 'object' || value === null) return value;
  const { Ref, 'Fn::Join': join } = value as { readonly Ref?: string; readonly 'Fn::Join'?: [string, unknown[]] };
  if (Ref !== undefined && physical.has(Ref)) return physical.get(Ref);
  if (join) return join[1].map((part) => resolveReferences(part, physical)).join(join[0]);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveReferences(item, physical)]));
}

export async function createAssetBucket(s3: S3Client): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: assetBucket }));
}

function textOf(xml: string, element: string): string {
  return new RegExp(`<${element}>([^<]*)<`).exec(xml)?.[1] ?? '';
}
