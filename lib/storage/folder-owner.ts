/**
 * Who is writing: temporary files and locks carry their process in their name, so that what a killed process left
 * behind is known as such, without a clock.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { pid } from 'node:process';

const host = hostname()
  .replaceAll(/[^A-Za-z0-9-]/g, '-')
  .slice(0, 100);
const ownStart = readStart(pid) ?? '0';

/** A new name that no other writer has and that says who uses it: `{unique}.{host}.{pid}.{start}`. */
export function newOwnedName(): string {
  return [randomUUID(), host, pid, ownStart].join('.');
}

/**
 * `gone`: its process has ended, so that nobody will finish what it began. `unknown`: it runs on another machine, or in
 * another container, or the name is none of ours.
 */
export function ownerState(ownedName: string): 'running' | 'gone' | 'unknown' {
  const [, ownerHost, ownerPid, ownerStart] = ownedName.split('.');
  const number = Number(ownerPid);
  if (ownerHost !== host || !Number.isSafeInteger(number) || number <= 0) return 'unknown';
  if (!isRunning(number)) return 'gone';
  // The same number may belong to a later process: after a reboot, or in a container where every process is number 1.
  const start = readStart(number);
  return start === undefined || start === ownerStart ? 'running' : 'gone';
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: it runs as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started, in clock ticks since boot; undefined where the system has no /proc, or the process ended. */
function readStart(processId: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${processId}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything, so fields count from behind it.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    // A zombie only waits for its parent: it will not write again.
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}
