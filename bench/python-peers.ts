/** Contestants in Python, which a benchmark runs beside ours where they are installed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** By peer, then by case. */
export type PeerFigures = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * The Python that `PYTHON` names, or else the one that peers/install.sh makes in .cache, made now if it is not there yet.
 * Undefined, with the reason in the log, where that fails.
 */
export async function preparePeers(log: (line: string) => void): Promise<string | undefined> {
  if (process.env.PYTHON) return process.env.PYTHON;
  log('peers in Python, about 6 GB in .cache/bench-peers the first time (--no-peers leaves them out) …');
  try {
    await run('bash', [fileURLToPath(new URL('./peers/install.sh', import.meta.url))], {
      env: unhinderedEnvironment(),
    });
    return fileURLToPath(new URL('../.cache/bench-peers/bin/python', import.meta.url));
  } catch (error) {
    log(`no peers in Python: ${reasonOf(error)}`);
    return undefined;
  }
}

/** What a script of peers/ prints as JSON; nothing where there is no Python, or it fails. */
export async function measurePeersInPython(
  script: string,
  python: string | undefined,
  log: (line: string) => void,
  argumentsOfScript: readonly string[] = [],
): Promise<PeerFigures> {
  if (python === undefined) return {};
  log('peers in Python …');
  const path = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
  try {
    const { stdout, stderr } = await run(python, [path, ...argumentsOfScript], { env: unhinderedEnvironment() });
    if (stderr) log(stderr.trim());
    return JSON.parse(stdout) as PeerFigures;
  } catch (error) {
    log(`Python: ${reasonOf(error)}`);
    return {};
  }
}

/** What the peers that have the case take for it. */
export function figuresOf(peers: PeerFigures, name: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(peers).flatMap(([peer, figures]) => (figures[name] === undefined ? [] : [[peer, figures[name]]])),
  );
}

/** Without settings that hold OpenBLAS back, which some systems have for old versions of it: peers are to be at their best. */
function unhinderedEnvironment(): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...environment } = process.env;
  return environment;
}

function reasonOf(error: unknown): string {
  const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
  return said || (error instanceof Error ? error.message.split('\n')[0]! : String(error));
}
