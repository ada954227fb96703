/** The template and the definition in it, for the tests of `infra/`: synthesised once a file, with the flags of cdk.json. */
import { Template } from 'aws-cdk-lib/assertions';
import { type SynthesizedTemplate, synthesizeTemplate } from '../../infra/synthesize.ts';

// biome-ignore lint/suspicious/noExplicitAny: a definition is any JSON, and tests say what they expect in it.
export type AnyJson = any;

let json: Promise<SynthesizedTemplate> | undefined;

export function synthesizeOnce(): Promise<SynthesizedTemplate> {
  json ??= synthesizeTemplate();
  return json;
}

export async function assertions(): Promise<Template> {
  return Template.fromJSON((await synthesizeOnce()) as unknown as Record<string, unknown>);
}

export async function resourcesOf(type: string): Promise<readonly (readonly [id: string, properties: AnyJson])[]> {
  const { Resources } = await synthesizeOnce();
  return Object.entries(Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, { Properties }]) => [id, Properties ?? {}] as const);
}

/** The state machine's definition with references as the ARNs that CloudFormation would put there. */
export async function readDefinition(): Promise<AnyJson> {
  const [[, properties] = []] = await resourcesOf('AWS::StepFunctions::StateMachine');
  return JSON.parse(resolve(properties.DefinitionString));
}

function resolve(value: AnyJson): string {
  if (typeof value === 'string') return value;
  if (value['Fn::Join']) return value['Fn::Join'][1].map(resolve).join(value['Fn::Join'][0]);
  if (value.Ref === 'AWS::Partition') return 'aws';
  if (value.Ref) return value.Ref;
  const [id, attribute] = value['Fn::GetAtt'];
  if (attribute === 'JobQueueArn') return `arn:aws:batch:eu-west-1:111122223333:job-queue/${id}`;
  return `arn:aws:lambda:eu-west-1:111122223333:function:${id}`;
}

/** Every statement of every policy that is attached to a role, by the role's logical id. */
export async function statementsOf(roleId: RegExp): Promise<readonly AnyJson[]> {
  const policies = await resourcesOf('AWS::IAM::Policy');
  return policies
    .filter(([, { Roles }]) => Roles.some(({ Ref }: AnyJson) => roleId.test(Ref)))
    .flatMap(([, { PolicyDocument }]) => PolicyDocument.Statement);
}

export function actionsOf(statement: AnyJson): readonly string[] {
  return [statement.Action].flat();
}
