/** Loads tfjs-node into this process, from wherever it was found. */
import { pathToFileURL } from 'node:url';
import util from 'node:util';

/** Registers the backend `tensorflow` with the tfjs-core that lies above `entry`. */
export async function loadTfjsNode(entry: string): Promise<void> {
  // tfjs-node 4.22 calls what Node 23 removed; the fix was merged and never released.
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  // TensorFlow greets every process on stderr with what its build can do; warnings and errors stay.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  await import(pathToFileURL(entry).href);
}
