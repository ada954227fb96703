/**
 * `npm run --silent bench -- [NAME …] [--json] [--record] [--no-peers]`: runs these benchmarks, or all. `--record`, for all
 * together, writes docs/benchmarks.json and from it docs/benchmarks.md and the README’s table.
 */
import { parseArgs } from 'node:util';
import type { Benchmark, BenchmarkContext, BenchmarkRow } from './benchmark.ts';
import { cifar } from './cifar.ts';
import { convolution } from './convolution.ts';
import { endpoints } from './endpoints.ts';
import { evaluation } from './evaluation.ts';
import { layerNorm } from './layer-norm.ts';
import { measureMachinePeaks } from './machine-peaks.ts';
import { prepareNativeKernels } from './native-kernels.ts';
import { optimizerKernel } from './optimizer-kernel.ts';
import { orchestration } from './orchestration.ts';
import { preparePeers } from './python-peers.ts';
import { randomWalk } from './random-walk.ts';
import { recordBenchmarks } from './record-benchmarks.ts';
import { renderTextTable } from './render-benchmarks.ts';
import { upload } from './upload.ts';

const benchmarks: readonly Benchmark[] = [
  optimizerKernel,
  convolution,
  cifar,
  layerNorm,
  randomWalk,
  evaluation,
  endpoints,
  orchestration,
  upload,
];

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, record: { type: 'boolean' }, 'no-peers': { type: 'boolean' } },
  allowPositionals: true,
});
const names = benchmarks.map(({ name }) => name);
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) fail(`There is no benchmark ${unknown}. The benchmarks are: ${names.join(', ')}.`);
if (values.record && (positionals.length > 0 || values['no-peers']))
  fail('--record is for all benchmarks with their peers: leave names and --no-peers out.');

const log = (line: string) => console.error(line);
const python = values['no-peers'] ? undefined : await preparePeers(log);
const native = await prepareNativeKernels(log);
log('the peaks of this machine …');
const context: BenchmarkContext = { peaks: await measureMachinePeaks(native), ...(python ? { python } : {}) };
const rows: BenchmarkRow[] = [];
for (const benchmark of benchmarks) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
  rows.push(...(await benchmark.run((line) => log(`${benchmark.name}: ${line}`), context)));
}
if (values.record) for (const path of await recordBenchmarks(rows, context.peaks)) log(`wrote ${path}`);
console.log(values.json ? JSON.stringify(rows, undefined, 2) : renderTextTable(rows));

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
