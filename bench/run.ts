/** `npm run --silent bench -- [NAME] [--json]`: runs one benchmark, or all. */
import { parseArgs } from 'node:util';
import type { Benchmark, BenchmarkRow } from './benchmark.ts';
import { cifar } from './cifar.ts';
import { convolution } from './convolution.ts';
import { endpoints } from './endpoints.ts';
import { evaluation } from './evaluation.ts';
import { layerNorm } from './layer-norm.ts';
import { optimizerKernel } from './optimizer-kernel.ts';
import { orchestration } from './orchestration.ts';
import { randomWalk } from './random-walk.ts';
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

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const names = benchmarks.map(({ name }) => name);
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`There is no benchmark ${unknown}. The benchmarks are: ${names.join(', ')}.`);
  process.exit(2);
}

const rows: BenchmarkRow[] = [];
for (const benchmark of benchmarks) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
  rows.push(...(await benchmark.run((line) => console.error(`${benchmark.name}: ${line}`))));
}
console.log(values.json ? JSON.stringify(rows, undefined, 2) : formatTable(rows));

function formatTable(all: readonly BenchmarkRow[]): string {
  const cells = all.map((row) => [
    row.benchmark,
    row.case,
    `${formatFigure(row.ours)} ${row.unit}`,
    `${row.unit.endsWith('/s') ? '≥' : '≤'} ${row.limit}`,
    Object.entries(row.peers)
      .map(([peer, figure]) => `${peer} ${formatFigure(figure)} (${formatFigure(ratio(row, figure))}×)`)
      .join(', '),
  ]);
  const table = [['benchmark', 'case', 'ours', 'limit', 'peers (ours is so many times better)'], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How many times better ours is: more of a rate, less of anything else. */
function ratio(row: BenchmarkRow, peer: number): number {
  return row.unit.endsWith('/s') ? row.ours / peer : peer / row.ours;
}

function formatFigure(figure: number): string {
  return figure.toPrecision(3);
}
