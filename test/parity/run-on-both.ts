/** Runs one experiment's smoke preset on WASM and on another backend, and says how far apart the results are. */
import { join } from 'node:path';
import { runStepwise } from '../end-to-end/command-line.ts';
import { compareMeasurements, type Difference } from './compare.ts';

export interface Comparison {
  /** Of the metric that differs most; undefined where the experiment measures nothing but time. */
  readonly largest: Difference | undefined;
  /** Both verdicts, where they are not one. */
  readonly verdicts: string | undefined;
}

/** Trains everything anew, in stores of their own below `folder`. */
export async function runOnBoth(
  experiment: string,
  folder: string,
  other: string,
  options: readonly string[] = [],
): Promise<Comparison> {
  const run = (backend: string) => {
    const store = join(folder, backend);
    return runStepwise(['run', experiment, '--preset', 'smoke', '--backend', backend, '--store', store, ...options]);
  };
  const [wasm, theirs] = [await run('wasm'), await run(other)];
  const outcomes = [wasm, theirs].map(({ verdict }) => verdict?.outcome ?? 'none');
  return {
    largest: compareMeasurements(wasm.measurements, theirs.measurements)[0],
    verdicts: outcomes[0] === outcomes[1] ? undefined : outcomes.join(` on WASM, on ${other} `),
  };
}
