/**
 * Runs bundles under Lambda's runtime interface emulator (RIE), behind one HTTP server: `POST /FUNCTION` with the event.
 * A process of the emulator takes one request at a time and breaks where it gets two, as an instance of a function has
 * one request at a time; so there is a pool of them for each function. The emulator answers errors and timeouts with 200
 * and without the header that says so; that header is put back here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../ministack.ts';
import { MemoryLimit } from './memory-limit.ts';
import { listen, readBody } from './small-server.ts';

export interface PooledFunction {
  readonly name: string;
  /** The unpacked bundle; its process runs in it and finds nothing above it. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
}

export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
}

export interface LambdaPool {
  readonly url: (name: string) => string;
  /** Adds functions; their names are the paths. */
  serve(functions: readonly PooledFunction[]): void;
  /** The next invocation of this function ends like this, and its code is not asked. */
  failNext(name: string, error: FunctionError): void;
  /** Invocations that have ended, the failed ones among them. */
  readonly invocations: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

interface Instance {
  readonly child: ChildProcess;
  readonly url: string;
  readonly memory: MemoryLimit | undefined;
}

const runtimeClient = fileURLToPath(new URL('./lambda-runtime.mjs', import.meta.url));
/** Two cores run the tests. */
const instancesPerFunction = 2;

export async function startLambdaPool(emulator: string): Promise<LambdaPool> {
  const functions = new Map<string, FunctionInstances>();
  const failures = new Map<string, FunctionError[]>();
  const invocations = new Map<string, number>();
  const server = createServer((request, response) => {
    answer(request.url!.slice(1), request, response).catch(() => response.destroy());
  });
  async function answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const planned = failures.get(name)?.shift();
    const result = planned ? JSON.stringify(planned) : await invoke(functions.get(name), name, body);
    invocations.set(name, (invocations.get(name) ?? 0) + 1);
    if (isFunctionError(result)) response.setHeader('x-amz-function-error', 'Unhandled');
    response.end(result);
  }
  const origin = await listen(server);
  return {
    url: (name) => `${origin}/${name}`,
    serve(added) {
      for (const one of added) functions.set(one.name, new FunctionInstances(one, emulator));
    },
    failNext(name, error) {
      failures.set(name, [...(failures.get(name) ?? []), error]);
    },
    invocations,
    async stop() {
      server.closeAllConnections();
      server.close();
      await Promise.all([...functions.values()].map((one) => one.stop()));
    },
  };
}

async function invoke(instances: FunctionInstances | undefined, name: string, body: string): Promise<string> {
  if (!instances) {
    return JSON.stringify({ errorType: 'Lambda.ResourceNotFoundException', errorMessage: `no function ${name}` });
  }
  return instances.invoke(body);
}

/** An error is an object with these two, as AWS's runtimes write it; no stage returns such a thing. */
function isFunctionError(answer: string): boolean {
  const value: unknown = JSON.parse(answer);
  return typeof value === 'object' && value !== null && 'errorType' in value && 'errorMessage' in value;
}

class FunctionInstances {
  private readonly settings: PooledFunction;
  private readonly emulator: string;
  private readonly idle: Instance[] = [];
  private readonly all = new Set<Instance>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;

  constructor(settings: PooledFunction, emulator: string) {
    this.settings = settings;
    this.emulator = emulator;
  }

  async invoke(body: string): Promise<string> {
    while (this.busy >= instancesPerFunction) await new Promise<void>((free) => this.waiting.push(free));
    this.busy++;
    try {
      const instance = this.idle.pop() ?? (await this.start());
      const response = await fetch(`${instance.url}/2015-03-31/functions/function/invocations`, {
        method: 'POST',
        body,
      });
      const text = await response.text();
      this.idle.push(instance);
      // The one answer of the emulator that is no JSON.
      if (/^Task timed out after /.test(text)) {
        return JSON.stringify({ errorType: 'Sandbox.Timedout', errorMessage: text });
      }
      return text || 'null';
    } finally {
      this.busy--;
      this.waiting.shift()?.();
    }
  }

  private async start(): Promise<Instance> {
    const { folder, environment, memoryMegabytes, timeoutSeconds, name } = this.settings;
    const [port, apiPort] = [await findFreePort(), await findFreePort()];
    const memory = await MemoryLimit.create(memoryMegabytes);
    const flags = [
      ...['--runtime-interface-emulator-address', `127.0.0.1:${port}`],
      ...['--runtime-api-address', `127.0.0.1:${apiPort}`],
    ];
    const command = [this.emulator, ...flags, process.execPath, runtimeClient];
    const [program, ...args] = memory ? memory.wrap(command) : command;
    const child = spawn(program!, args, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        ...environment,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
        AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeoutSeconds),
      },
      stdio: process.env.STEPWISE_SHOW_LAMBDA_LOGS ? 'inherit' : 'ignore',
      // A group of its own, so that its runtime ends with it.
      detached: true,
    });
    const url = `http://127.0.0.1:${port}`;
    const instance = { child, url, memory };
    this.all.add(instance);
    while (!(await answers(url))) {
      if (child.exitCode !== null) throw new Error(`The runtime emulator of ${name} ended with ${child.exitCode}.`);
      await new Promise((done) => setTimeout(done, 20));
    }
    return instance;
  }

  async stop(): Promise<void> {
    for (const { child, memory } of this.all) {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        process.kill(-child.pid!, 'SIGKILL');
        await ended;
      }
      await memory?.remove();
    }
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
