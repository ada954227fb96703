/**
 * A function's memory limit, enforced by the kernel: a control group of its own where this process may make one. Node's
 * --max-old-space-size would not do: it leaves out WebAssembly's memory and buffers, which is what evaluation uses.
 */
import { constants } from 'node:fs';
import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

let made = 0;

export class MemoryLimit {
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Undefined where control groups are not writable, as for most who are not root. */
  static async create(megabytes: number): Promise<MemoryLimit | undefined> {
    const parent = await findMemoryGroup();
    if (!parent) return undefined;
    const folder = join(parent.folder, `stepwise-test-${process.pid}-${made++}`);
    try {
      await mkdir(folder);
      await writeFile(join(folder, parent.limitFile), String(megabytes * 1024 * 1024));
      return new MemoryLimit(folder);
    } catch {
      await rmdir(folder).catch(() => {});
      return undefined;
    }
  }

  /** The command started within the limit: its shell moves itself into the group before it becomes the command. */
  wrap(command: readonly string[]): readonly string[] {
    return ['/bin/sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', this.folder, ...command];
  }

  /** Once its processes have ended. */
  async remove(): Promise<void> {
    // The kernel lets go of a killed process a moment after its parent has heard of its end.
    for (let attempt = 0; attempt < 50; attempt++) {
      try {
        return await rmdir(this.folder);
      } catch {
        await new Promise((done) => setTimeout(done, 20));
      }
    }
  }
}

/** This process's own group: version 1 has a hierarchy for memory, version 2 one for everything. */
async function findMemoryGroup(): Promise<{ readonly folder: string; readonly limitFile: string } | undefined> {
  const groups = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  const own = (controllers: string) =>
    groups.split('\n').flatMap((line) => {
      const [, names, path] = line.split(':');
      return names === controllers && path ? [path] : [];
    })[0];
  const candidates = [
    { folder: join('/sys/fs/cgroup/memory', own('memory') ?? '/'), limitFile: 'memory.limit_in_bytes' },
    { folder: '/sys/fs/cgroup/memory', limitFile: 'memory.limit_in_bytes' },
    { folder: join('/sys/fs/cgroup', own('') ?? '/'), limitFile: 'memory.max' },
  ];
  for (const candidate of candidates) {
    const usable = await access(join(candidate.folder, 'cgroup.procs'), constants.W_OK).then(
      () => true,
      () => false,
    );
    if (usable) return candidate;
  }
  return undefined;
}
