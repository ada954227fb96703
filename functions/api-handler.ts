/** The HTTP API as a handler for a function URL. An answer that Lambda would not pass on is replaced by one that says so. */
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyStructuredResultV2, LambdaFunctionURLEvent } from 'aws-lambda';
import { handle, type LambdaEvent } from 'hono/aws-lambda';
import { createApi } from '../lib/api/create-api.ts';
import { AnswerTooLarge } from '../lib/api/errors.ts';
import type { ApiPorts } from '../lib/api/ports.ts';
import { problemType, toProblem } from '../lib/api/problem.ts';

/** Of an answer with its headers, as JSON: Lambda's quota for buffered answers. */
const mostPayloadBytes = 6 * 2 ** 20;
/** That JSON makes of one character at most. */
const mostBytesACharacter = 6;

export type ApiHandler = (event: LambdaFunctionURLEvent) => Promise<APIGatewayProxyStructuredResultV2>;

export function createApiHandler(ports: ApiPorts): ApiHandler {
  const answer = handle(createApi(ports, { compressed: true }));
  return async (event) => {
    // Hono describes the same event and result in types of its own.
    const result = (await answer(event as unknown as LambdaEvent)) as APIGatewayProxyStructuredResultV2;
    const { body = '' } = result;
    // Nearly every answer is short, and is not written out twice to learn that.
    if (body.length * mostBytesACharacter < mostPayloadBytes) return result;
    const bytes = Buffer.byteLength(JSON.stringify(result));
    if (bytes <= mostPayloadBytes) return result;
    const request = `urn:uuid:${randomUUID()}`;
    const error = new AnswerTooLarge(bytes, mostPayloadBytes);
    const { path } = event.requestContext.http;
    ports.log('warn', 'request refused', {
      request,
      path: path.slice(0, 200),
      error: error.name,
      reason: error.message,
    });
    return {
      statusCode: error.status,
      headers: { 'content-type': problemType, 'cache-control': 'no-store', vary: 'Accept-Encoding' },
      body: JSON.stringify(toProblem(error, request)),
    };
  };
}
