/**
 * What stands before a function with a function URL of AuthType AWS_IAM: it checks the signature, makes an event of the
 * request (payload format 2.0), and an answer of what the function returns. Ours, after AWS's documentation.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { findSignatureProblem, type Signer } from './check-signature.ts';

/** Of a request and of an answer, buffered. */
const payloadBytes = 6 * 2 ** 20;

export interface FunctionUrlServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startFunctionUrl(
  invoke: (event: LambdaFunctionURLEvent) => Promise<LambdaFunctionURLResult>,
  signer: Signer,
): Promise<FunctionUrlServer> {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const problem = await findSignatureProblem(request, body, signer);
    if (problem !== undefined) return refuse(response, 403, problem);
    const event = createEvent(request, body, signer);
    if (JSON.stringify(event).length > payloadBytes)
      return refuse(response, 413, 'Request must be smaller than 6291456 bytes');
    try {
      const result = await invoke(event);
      if (JSON.stringify(result).length > payloadBytes) throw new Error('The answer is longer than Lambda passes on.');
      answer(response, result);
    } catch {
      refuse(response, 502, 'Internal Server Error');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(response: ServerResponse, status: number, Message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ Message }));
}

function createEvent(request: IncomingMessage, body: Buffer, { accessKeyId }: Signer): LambdaFunctionURLEvent {
  const { pathname, search, searchParams } = new URL(request.url!, 'http://localhost');
  const now = new Date();
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const isText = /^(text\/|application\/(json|javascript|xml))/.test(headers['content-type'] ?? '');
  const iam = { accessKey: accessKeyId, accountId: '111122223333', callerId: 'caller', userId: 'caller' };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers,
    queryStringParameters: Object.fromEntries(searchParams),
    requestContext: {
      accountId: '111122223333',
      apiId: 'url-id',
      authorizer: {
        iam: { ...iam, cognitoIdentity: null, principalOrgId: null, userArn: 'arn:aws:iam::111122223333:user/caller' },
      },
      domainName: 'url-id.lambda-url.eu-central-1.on.aws',
      domainPrefix: 'url-id',
      http: {
        method: request.method!,
        path: pathname,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  } as LambdaFunctionURLEvent;
}

function answer(response: ServerResponse, result: LambdaFunctionURLResult): void {
  if (typeof result === 'string') throw new Error('The function returned a text, and no answer.');
  const { statusCode = 200, headers = {}, body = '', isBase64Encoded = false } = result;
  response.writeHead(
    statusCode,
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  );
  response.end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
}
