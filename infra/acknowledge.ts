/** Wildcards and managed policies that are meant, each finding of cdk-nag by its own name and with its reason. */
import { CfnElement, type CfnResource, Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** By what the wildcard is about: `Resource::*`, `Action::s3:*`. A wildcard that is not listed still fails synthesis. */
export function acknowledgeWildcards(scope: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [finding, reason] of Object.entries(reasons)) {
    Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[${finding}]`, reason });
  }
}

export function acknowledgeManagedPolicy(scope: IConstruct, policyArn: string, reason: string): void {
  Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM4[Policy::${policyArn}]`, reason });
}

/** How a finding names an attribute of one of the stack's own resources. */
export function findingReference(construct: IConstruct, attribute?: string): string {
  const element = CfnElement.isCfnElement(construct) ? construct : (construct.node.defaultChild as CfnElement);
  const id = Stack.of(construct).resolve(element.logicalId);
  return attribute === undefined ? `<${id}>` : `<${id}.${attribute}>`;
}

/** Any other finding of cdk-nag, by its rule: `AwsSolutions-SQS3`. */
export function acknowledge(scope: IConstruct, rule: string, reason: string): void {
  Validations.of(scope).acknowledge({ id: rule, reason });
}

/** A finding of Checkov about one resource, by its rule: `CKV_AWS_18`. Those about all of a kind are in infra/checkov.yaml. */
export function acknowledgeCheckov(scope: IConstruct, rule: string, reason: string): void {
  const resource = scope.node.defaultChild as CfnResource;
  const known = (resource.getMetadata('checkov') as { readonly skip: readonly object[] } | undefined)?.skip ?? [];
  resource.addMetadata('checkov', { skip: [...known, { id: rule, comment: reason }] });
}
