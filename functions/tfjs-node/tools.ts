/** Running the tools of the build, and finding out whether they are there. */
import { spawn } from 'node:child_process';
import { CannotBuild, ToolFailed } from './errors.ts';

export interface Tools {
  readonly compiler: string;
  readonly python: string;
  readonly npm: string;
}

/** `CXX` and `PYTHON` name others. Throws CannotBuild, with what to install, for the first that is missing. */
export async function findTools(environment: NodeJS.ProcessEnv = process.env): Promise<Tools> {
  const tools = { compiler: environment.CXX || 'g++', python: environment.PYTHON || 'python3', npm: 'npm' };
  await mustRun(tools.compiler, ['--version'], 'a C++17 compiler', 'Install g++ (Debian: apt-get install g++)');
  await mustRun(
    tools.python,
    ['--version'],
    'Python',
    'Install Python 3 (Debian: apt-get install python3 python3-pip)',
  );
  const pip = 'Install it (Debian: apt-get install python3-pip; elsewhere: python3 -m ensurepip)';
  await mustRun(tools.python, ['-m', 'pip', '--version'], 'pip, which downloads TensorFlow', pip);
  await mustRun(tools.npm, ['--version'], 'npm, which downloads tfjs-node', 'Install the npm that comes with Node');
  return tools;
}

async function mustRun(command: string, args: readonly string[], what: string, fix: string): Promise<void> {
  const { ended, output } = await attempt(command, args, {});
  if (ended === undefined) return;
  const line = [command, ...args].join(' ');
  const came =
    ended === 'ENOENT'
      ? `there is no '${command}'`
      : `'${line}' ended with ${ended} (${firstLine(output) || 'no output'})`;
  throw new CannotBuild(`Building tfjs-node needs ${what}, and ${came}. ${fix}, or use --backend wasm.`);
}

function firstLine(text: string): string | undefined {
  return text.trim().split('\n')[0];
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** What to do about a failure. */
  readonly hint: string;
}

/** Its standard output and error together. Throws ToolFailed. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { ended, output } = await attempt(command, args, options);
  if (ended !== undefined) throw new ToolFailed(command, ended, output, options.hint);
  return output;
}

/** `ended` is undefined where it ended well. */
function attempt(command: string, args: readonly string[], options: Partial<RunOptions>) {
  const { cwd, environment = process.env } = options;
  const { promise, resolve } = Promise.withResolvers<{ readonly ended: string | undefined; readonly output: string }>();
  let output = '';
  const child = spawn(command, args, { ...(cwd && { cwd }), env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.on('error', ({ code, message }: NodeJS.ErrnoException) => resolve({ ended: code ?? message, output }));
  child.on('close', (code, signal) => {
    const ended = code === 0 ? undefined : signal ? `signal ${signal}` : `exit code ${code}`;
    resolve({ ended, output });
  });
  return promise;
}
