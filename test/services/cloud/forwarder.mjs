/**
 * What MiniStack runs in place of a function's own code, as its `bootstrap`: hands every invocation to the server that
 * FORWARD_TO names, which asks Lambda's own runtime emulator. MiniStack's Node executor calls every error
 * Runtime.HandlerError; through its runtime API, as here, an error keeps its name.
 */
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

for (;;) {
  const next = await fetch(`${api}/next`);
  const id = next.headers.get('lambda-runtime-aws-request-id');
  const answer = await forward(await next.text());
  await fetch(`${api}/${id}/${answer.failed ? 'error' : 'response'}`, {
    method: 'POST',
    body: answer.body,
    headers: answer.failed ? { 'Lambda-Runtime-Function-Error-Type': JSON.parse(answer.body).errorType } : {},
  });
}

async function forward(body) {
  try {
    const response = await fetch(process.env.FORWARD_TO, { method: 'POST', body });
    return { body: await response.text(), failed: response.headers.has('x-amz-function-error') };
  } catch (error) {
    return {
      body: JSON.stringify({ errorType: 'Lambda.SdkClientException', errorMessage: String(error) }),
      failed: true,
    };
  }
}
