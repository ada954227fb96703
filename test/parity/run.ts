/**
 * `npm run parity -- [--backend node|native] [NAME…]`: every experiment's smoke preset (or those named) on WASM and on another
 * backend, tfjs-node's by default, and how far apart the results are. Exit code 1 where one differs by more than its
 * tolerance, or fails. The other must have been built: `npm run build:tfjs-node`, `npm run build:native-kernels`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chooseBackend } from '../../cli/local-ports.ts';
import { renderTextTable } from '../../cli/text-table.ts';
import { experiments } from '../../lib/experiments.ts';
import type { Difference } from './compare.ts';
import { runOnBoth } from './run-on-both.ts';
import { tolerance } from './tolerance.ts';

const known = experiments.all().map(({ name }) => name);
const {
  values: { backend },
  positionals,
} = parseArgs({ options: { backend: { type: 'string', default: 'node' } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : known;
const unknown = names.find((name) => !known.includes(name));
try {
  if (unknown !== undefined) throw new Error(`There is no experiment ${unknown}. There are: ${known.join(', ')}.`);
  chooseBackend(backend);
} catch (error) {
  console.error((error as Error).message);
  process.exit(2);
}

const rows: string[][] = [];
for (const name of names) {
  const folder = await mkdtemp(join(tmpdir(), 'stepwise-parity-'));
  try {
    const { largest, verdicts } = await runOnBoth(name, folder, backend);
    const far = (largest?.relative ?? 0) > tolerance;
    if (far || verdicts) process.exitCode = 1;
    const outcome = verdicts ? `verdicts differ: ${verdicts}` : far ? 'too far apart' : 'within it';
    rows.push([
      name,
      (largest?.relative ?? 0).toExponential(1),
      tolerance.toExponential(0),
      describe(largest),
      outcome,
    ]);
  } catch (error) {
    process.exitCode = 1;
    rows.push([name, '–', '–', '–', (error as Error).message.trim().split('\n').at(-1)!]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.error(rows.at(-1)!.join('  '));
}
const columns = [
  { label: 'experiment' },
  { label: 'largest relative difference', number: true },
  { label: 'tolerance', number: true },
  { label: 'where' },
  { label: 'is' },
];
console.log(renderTextTable(columns, rows));

function describe(difference: Difference | undefined): string {
  if (!difference) return 'measures time only';
  return difference.relative === 0 ? 'nowhere' : `${difference.place}: ${difference.values.join(' and ')}`;
}
