/**
 * Calls of AWS services whose SDK client the project does not depend on. The signature is none: MiniStack reads the
 * service and the region out of the header and checks nothing, so this says nothing about permissions.
 */
import { credentials, region } from '../ministack.ts';

/** Services with JSON bodies, by their target: `AWSEvents.PutEvents`. Throws what the service says. */
export async function callJson<Output>(
  endpoint: string,
  service: string,
  target: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Output> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  return JSON.parse(await post(endpoint, service, JSON.stringify(input), headers)) as Output;
}

/** Services with the query protocol; the answer is XML. */
export function callQuery(
  endpoint: string,
  service: string,
  action: string,
  input: Readonly<Record<string, string>>,
): Promise<string> {
  return post(endpoint, service, String(new URLSearchParams({ Action: action, ...input })), {
    'content-type': 'application/x-www-form-urlencoded',
  });
}

export interface FunctionConfiguration {
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
  /** Megabytes. */
  readonly MemorySize: number;
  /** Seconds. */
  readonly Timeout: number;
}

/** `lambda:GetFunctionConfiguration` */
export async function readFunctionConfiguration(endpoint: string, name: string): Promise<FunctionConfiguration> {
  const address = `${endpoint}/2015-03-31/functions/${name}/configuration`;
  const response = await fetch(address, { headers: { authorization: authorizationFor('lambda') } });
  if (!response.ok) throw new Error(`lambda answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as FunctionConfiguration;
}

function authorizationFor(service: string): string {
  const scope = `${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request`;
  return `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
}

async function post(
  endpoint: string,
  service: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const authorization = authorizationFor(service);
  const response = await fetch(endpoint, { method: 'POST', body, headers: { ...headers, authorization } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${service} answers ${response.status}: ${text.slice(0, 2000)}`);
  return text;
}
