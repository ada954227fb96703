/**
 * `node --expose-gc test/fuzz/formats.ts [TARGET …] [--inputs N] [--seed N]`: changed files for every format that is read from
 * outside. A finding is an error that is not ours, an input that takes seconds, or memory that is not given back; it is kept as
 * `.stepwise/fuzz/TARGET.bin`, and the exit code is 1.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { formatTargets } from './format-targets.ts';
import type { FuzzJob, FuzzReport } from './format-worker.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { inputs: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
const names = formatTargets.map(({ name }) => name);
const chosen = positionals.length > 0 ? names.filter((name) => positionals.some((part) => name.includes(part))) : names;
if (!Number.isInteger(inputs) || inputs < 1 || !Number.isInteger(seed) || chosen.length === 0) {
  console.error(`--inputs takes a whole number from 1, --seed a whole number; targets are ${names.join(', ')}.`);
  process.exit(2);
}

/** No input here needs a tenth of a second; machines are shared. */
const hangMilliseconds = 20_000;
const mostInputBytes = 1 << 20;
/** What caches may still fill up with over the second half. */
const tolerableGrowth = 20_000_000;

let findings = 0;
for (const target of chosen) {
  const startedAt = performance.now();
  const { report, input } = await runTarget(target);
  const growth = report.heap[1] - report.heap[0];
  const finding = report.finding ?? (growth > tolerableGrowth ? `${growth} bytes were not given back` : undefined);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `${target}: ${report.taken} taken, ${report.refused} refused, ${report.outcomes} outcomes, ${(growth / 1e6).toFixed(1)} MB grown, ${seconds} s${finding ? `: ${finding}` : ''}`,
  );
  if (!finding) continue;
  findings++;
  await mkdir('.stepwise/fuzz', { recursive: true });
  await writeFile(join('.stepwise/fuzz', `${target.replaceAll(/\W+/g, '-')}.bin`), input);
}
console.log(`${chosen.length} targets, ${inputs} inputs each, seed ${seed}: ${findings} findings`);
process.exit(findings === 0 ? 0 : 1);

async function runTarget(target: string): Promise<{ readonly report: FuzzReport; readonly input: Uint8Array }> {
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const current = new Uint8Array(new SharedArrayBuffer(mostInputBytes));
  const job: FuzzJob = { target, seed, inputs, progress, current };
  const worker = new Worker(new URL('./format-worker.ts', import.meta.url), { workerData: job });
  const { promise, resolve } = Promise.withResolvers<FuzzReport>();
  const failed = (finding: string) => resolve({ taken: 0, refused: 0, outcomes: 0, finding, heap: [0, 0] });
  worker.once('message', resolve);
  worker.once('error', (error: Error) => failed(error.stack ?? error.message));
  worker.once('exit', (code) => failed(`the process ended with ${code}`));
  let [last, since] = [-1, performance.now()];
  const watch = setInterval(() => {
    const begun = Atomics.load(progress, 0);
    if (begun !== last) [last, since] = [begun, performance.now()];
    else if (begun > 0 && performance.now() - since > hangMilliseconds)
      failed(`input ${begun} takes longer than ${hangMilliseconds / 1000} s`);
  }, 500);
  const report = await promise;
  clearInterval(watch);
  const input = Uint8Array.from(current.subarray(0, Atomics.load(progress, 1)));
  await worker.terminate();
  return { report, input };
}
