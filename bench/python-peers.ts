/** Contestants in Python, which a benchmark runs beside ours where the interpreter has them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** By peer, then by case. */
export type PeerFigures = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What a script in this folder prints as JSON, nothing where it fails. The interpreter is `PYTHON`, or python3. */
export async function measurePeersInPython(
  script: string,
  log: (line: string) => void,
  argumentsOfScript: readonly string[] = [],
): Promise<PeerFigures> {
  log('peers in Python …');
  const path = fileURLToPath(new URL(`./${script}`, import.meta.url));
  try {
    const python = process.env.PYTHON ?? 'python3';
    const { stdout, stderr } = await promisify(execFile)(python, [path, ...argumentsOfScript]);
    if (stderr) log(stderr.trim());
    return JSON.parse(stdout) as PeerFigures;
  } catch (error) {
    log(`Python: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return {};
  }
}

/** What the peers that have the case take for it. */
export function figuresOf(peers: PeerFigures, name: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(peers).flatMap(([peer, figures]) => (figures[name] === undefined ? [] : [[peer, figures[name]]])),
  );
}
