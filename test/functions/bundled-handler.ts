/** A bundled Lambda in a Node process of its own, called as Lambda calls it: one event at a time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface BundledHandler {
  /** What the handler returned for an event. Rejects where it threw, or its process ended. */
  invoke(event: object): Promise<unknown>;
  /** How many events the handler was given. */
  readonly calls: number;
  /** What it has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

const script = `
  const { handler } = await import(process.argv[1]);
  process.on('message', async ({ event, requestId }) => {
    const context = { functionName: 'api', awsRequestId: requestId, memoryLimitInMB: '1769', functionVersion: '$LATEST' };
    const outcome = await handler(event, context).then((output) => ({ output }), (error) => ({ error: error.message }));
    process.send(outcome);
  });
  process.send('ready');`;

/** @param directory of the bundle; also the process's own, so that nothing of the project is found by chance */
export async function startBundledHandler(
  directory: string,
  environment: Readonly<Record<string, string>>,
): Promise<BundledHandler> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, join(directory, 'index.mjs')], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let written = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
  }
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The handler's process ended with ${code}: ${written}`);
  });
  // It is also waited for where nothing is asked.
  ended.catch(() => {});
  const nextMessage = async () => (await Promise.race([once(child, 'message'), ended]))[0];
  await nextMessage();
  let calls = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function call(event: object): Promise<unknown> {
    child.send({ event, requestId: `request-${++calls}` });
    const outcome = (await nextMessage()) as { readonly output?: unknown; readonly error?: string };
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome.output;
  }

  return {
    invoke(event) {
      const own = last.then(() => call(event));
      last = own.catch(() => {});
      return own;
    },
    get calls() {
      return calls;
    },
    log: () => written,
    async stop() {
      child.kill();
      await ended.catch(() => {});
    },
  };
}
