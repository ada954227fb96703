/**
 * A client of the Lambda runtime API, as AWS's managed Node runtime is one: loads `handler` of `index.mjs` in the current
 * folder and serves invocations one after the other. Here because that runtime comes only as a container image.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { env } = process;
const api = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

let handler;
try {
  ({ handler } = await import(pathToFileURL(join(process.cwd(), 'index.mjs')).href));
} catch (error) {
  await report('init/error', error);
  process.exit(1);
}

for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const { headers } = next;
  const id = headers.get('lambda-runtime-aws-request-id');
  const deadline = Number(headers.get('lambda-runtime-deadline-ms'));
  const context = {
    awsRequestId: id,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers.get('lambda-runtime-invoked-function-arn'),
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    const result = await handler(await next.json(), context);
    await post(`invocation/${id}/response`, JSON.stringify(result ?? null));
  } catch (error) {
    await report(`invocation/${id}/error`, error);
  }
}

function report(path, thrown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const body = { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
  return post(path, JSON.stringify(body), { 'Lambda-Runtime-Function-Error-Type': error.name });
}

function post(path, body, headers = {}) {
  return fetch(`${api}/${path}`, { method: 'POST', body, headers });
}
