/** What AWS and its SDK say when they refuse a call, in words that say what to do. */
import { AwsRefused } from './errors.ts';

const credentials = new Set([
  'CredentialsProviderError',
  'ExpiredTokenException',
  'ExpiredToken',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
]);
const unreachable = new Set(['EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT']);

/** Runs calls of one service; an error that nobody here is to blame for leaves as AwsRefused, any other as it is. */
export async function translateAwsErrors<T>(service: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const problem = problemOf(error);
    throw problem === undefined ? error : new AwsRefused(service, problem, { cause: error });
  }
}

/** The SDK's own messages are left out where they could repeat what was signed. */
function problemOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message } = error;
  const code = 'code' in error ? String(error.code) : '';
  if (credentials.has(name))
    return `it does not accept the credentials, or there are none (${name}). Sign in again, or check AWS_PROFILE and the other AWS_ variables`;
  if (name === 'AccessDeniedException')
    return `${actionOf(message)} is not allowed to whoever asks. docs/operate.md lists what the commands need`;
  if (name === 'ThrottlingException' || name === 'TooManyRequestsException')
    return 'it is asked too often by this account. Try again in a minute';
  if (message === 'Region is missing') return 'no region is set. Set AWS_REGION to the deployment’s';
  if (unreachable.has(code) || name === 'TimeoutError')
    return `it does not answer (${code || name}). Check the network, AWS_REGION and AWS_ENDPOINT_URL`;
  return undefined;
}

/** `… is not authorized to perform: states:DescribeExecution on resource: …` */
function actionOf(message: string): string {
  return /perform: ([\w-]+:\w+)/.exec(message)?.[1] ?? 'the call';
}
