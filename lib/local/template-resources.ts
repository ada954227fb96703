/** Reads a synthesised CloudFormation template: its resources, and the intrinsic functions in their properties. */
import { UnresolvableTemplate } from './errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: JsonObject;
}

export interface Template {
  readonly Parameters?: { readonly [id: string]: { readonly Default?: Json } };
  readonly Resources: { readonly [id: string]: TemplateResource };
}

/** What CloudFormation's pseudo parameters are on a laptop. */
const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::AccountId': '000000000000',
  'AWS::Partition': 'aws',
  'AWS::Region': 'local',
  'AWS::StackName': 'local',
  'AWS::URLSuffix': 'amazonaws.com',
};

const localPrefix = 'local:';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The logical id in a resolved reference: `local:DataBucket` → `DataBucket`. */
export function logicalIdOf(reference: unknown): string | undefined {
  return typeof reference === 'string' && reference.startsWith(localPrefix)
    ? reference.slice(localPrefix.length)
    : undefined;
}

/**
 * The resource that a resolved reference names, checked to be of one of these types. A function's version or alias
 * stands for the function. Throws UnresolvableTemplate.
 */
export function requireResource(
  template: Template,
  reference: unknown,
  types: readonly string[],
  where: string,
): { readonly id: string; readonly properties: JsonObject } {
  const id = logicalIdOf(reference);
  const resource = id === undefined ? undefined : template.Resources[id];
  if (id === undefined || !resource) {
    throw new UnresolvableTemplate(
      `${where} must name a ${types.join(' or ')} of the same template, and names ${JSON.stringify(reference)}.`,
    );
  }
  const properties = resolveValue(resource.Properties ?? {}, template, id) as JsonObject;
  if (resource.Type === 'AWS::Lambda::Version' || resource.Type === 'AWS::Lambda::Alias') {
    return requireResource(template, properties.FunctionName, types, where);
  }
  if (!types.includes(resource.Type)) {
    throw new UnresolvableTemplate(
      `${where} must name a ${types.join(' or ')}, and names ${id}, which is a ${resource.Type}.`,
    );
  }
  return { id, properties };
}

/** A value of the template with Ref, Fn::GetAtt, Fn::Join and Fn::Sub resolved. Throws UnresolvableTemplate. */
export function resolveValue(value: Json, template: Template, where: string): Json {
  if (Array.isArray(value)) return value.map((item) => resolveValue(item, template, where));
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  const name = keys.length === 1 ? keys[0]! : '';
  const argument = value[name] as Json;
  if (name === 'Ref') return resolveReference(String(argument), template, where);
  if (name === 'Fn::GetAtt') return resolveAttribute(argument, template, where);
  if (name === 'Fn::Join') return resolveJoin(argument, template, where);
  if (name === 'Fn::Sub') return resolveSubstitution(argument, template, where);
  if (name.startsWith('Fn::')) {
    return refuse(where, `uses ${name}, which the local engine does not resolve`);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveValue(item, template, where)]));
}

function resolveReference(id: string, template: Template, where: string): string {
  const pseudo = pseudoParameters[id];
  if (pseudo !== undefined) return pseudo;
  if (template.Resources[id]) return localPrefix + id;
  const parameter = template.Parameters?.[id];
  if (parameter?.Default !== undefined) return String(parameter.Default);
  return refuse(where, `refers to '${id}', which is no resource of the template and no parameter with a default`);
}

function resolveAttribute(argument: Json, template: Template, where: string): string {
  const [id, attribute] = Array.isArray(argument) ? argument.map(String) : splitOnce(String(argument), '.');
  if (id === undefined || attribute === undefined || !template.Resources[id]) {
    return refuse(where, `asks for an attribute of '${id}', which is no resource of the template`);
  }
  // A resource's own ARN goes by its kind too: JobQueueArn, ComputeEnvironmentArn.
  return attribute.endsWith('Arn') ? localPrefix + id : `${localPrefix}${id}.${attribute}`;
}

function resolveJoin(argument: Json, template: Template, where: string): string {
  const [separator, parts] = Array.isArray(argument) ? argument : [];
  if (typeof separator !== 'string' || !Array.isArray(parts)) return refuse(where, 'has an Fn::Join without parts');
  return parts.map((part) => asText(resolveValue(part, template, where), where)).join(separator);
}

function resolveSubstitution(argument: Json, template: Template, where: string): string {
  const [text, own] = Array.isArray(argument) ? argument : [argument, {}];
  if (typeof text !== 'string' || !isObject(own)) return refuse(where, 'has an Fn::Sub without a text');
  return text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    const value = own[name];
    if (value !== undefined) return asText(resolveValue(value, template, where), where);
    return name.includes('.') ? resolveAttribute(name, template, where) : resolveReference(name, template, where);
  });
}

function asText(value: Json, where: string): string {
  if (typeof value === 'object') return refuse(where, 'joins something that is not a text');
  return String(value);
}

function splitOnce(text: string, separator: string): readonly (string | undefined)[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

function refuse(where: string, problem: string): never {
  throw new UnresolvableTemplate(`${where} ${problem}.`);
}
