/** Benchmarks as tables: in the terminal, in the README and in docs/benchmarks.md. */
import { formatSignificant } from '../lib/report/format-numbers.ts';
import { escapeMarkdown, markdownTable } from '../lib/report/markdown.ts';
import {
  type BenchmarkRow,
  type BenchmarkRun,
  describeBound,
  describePeaks,
  formatTimesBetter,
  isOurs,
  timesBetter,
} from '../lib/report/recorded-benchmarks.ts';

const labels = ['Work', 'Unit', 'Stepwise', 'Peer', 'Stepwise is better', 'Physical limit', 'Bound'] as const;

/** For a terminal: a line a row, its peers in it. */
export function renderTextTable(rows: readonly BenchmarkRow[]): string {
  const cells = rows.map((row) => [
    row.benchmark,
    row.case,
    `${formatSignificant(row.ours)} ${row.unit}`,
    describeBound(row),
    formatSignificant(row.physicalLimit),
    describePeers(row).join(', '),
  ]);
  const head = ['benchmark', 'case', 'ours', 'bound', 'physical limit', 'peers (ours is so many times better)'];
  const table = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  const format = (line: readonly string[]) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ');
  return table.map((line) => format(line).trimEnd()).join('\n');
}

/** For the README: the rows that say what matters, each beside its best peer, and the command that measures it anew. */
export function renderHeadlines(run: BenchmarkRun): string {
  const rows = run.rows.filter(({ headline }) => headline);
  const table = markdownTable(
    ['npm run bench -- …', 'Work', 'Unit', 'Stepwise', 'Best peer', '', 'Physical limit'].map((label) => ({
      label,
      number: ['Stepwise', '', 'Physical limit'].includes(label),
    })),
    rows.map((row) => {
      const best = bestPeer(row);
      return [
        `\`${row.benchmark}\``,
        escapeMarkdown(row.case),
        escapeMarkdown(row.unit),
        formatSignificant(row.ours),
        best ? escapeMarkdown(`${formatSignificant(best.figure)} (${best.peer})`) : '–',
        best ? formatTimesBetter(row, best.figure) : '',
        formatSignificant(row.physicalLimit),
      ];
    }),
  );
  return `${table}\n\n${describeRun(run)} All ${run.rows.length} rows with every peer: [docs/benchmarks.md](docs/benchmarks.md).`;
}

/** docs/benchmarks.md, whole. */
export function renderBenchmarksPage(run: BenchmarkRun): string {
  const benchmarks = Map.groupBy(run.rows, ({ benchmark }) => benchmark);
  return [
    '# Benchmarks',
    '`npm run bench -- --record` wrote this page, [benchmarks.json](benchmarks.json) and the README’s table; a test fails where they differ.',
    describeRun(run),
    [
      'The contestants of a row run in turn in one process or beside each other, round after round, and a figure is the median of its',
      'rounds. *Better* is how many times: less time, or a higher rate. *Bound* is what this project holds itself to. The *physical limit*',
      'is what the row would be if only its multiplications and additions, or only the bytes that it has to move, took time, at the peaks',
      'of the same run. WebAssembly’s lanes are 128 bits; peers in native code use AVX2 or AVX-512 where the processor has them, and can',
      'be below that limit.',
    ].join('\n'),
    ...[...benchmarks].flatMap(([name, rows]) => [
      `## ${name}`,
      `\`npm run bench -- ${name}\``,
      markdownTable(
        labels.map((label) => ({ label, number: label !== 'Work' && label !== 'Unit' && label !== 'Peer' })),
        rows.flatMap(tableRows),
      ),
    ]),
  ]
    .join('\n\n')
    .concat('\n');
}

function tableRows(row: BenchmarkRow): readonly (readonly string[])[] {
  const peers = Object.entries(row.peers);
  const own = [escapeMarkdown(row.case), escapeMarkdown(row.unit), formatSignificant(row.ours)];
  const bounds = [formatSignificant(row.physicalLimit), describeBound(row)];
  if (peers.length === 0) return [[...own, '–', '', ...bounds]];
  return peers.map(([peer, figure], index) => [
    ...(index === 0 ? own : ['', '', '']),
    escapeMarkdown(`${peer}: ${formatSignificant(figure)}`),
    formatTimesBetter(row, figure),
    ...(index === 0 ? bounds : ['', '']),
  ]);
}

function describeRun({ date, commit, machine, versions, peaks }: BenchmarkRun): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return escapeMarkdown(
    `One run on ${date.slice(0, 10)} at commit ${commit.slice(0, 7)}: ${machine}; ${named.join(', ')}. ` +
      `Peaks: ${describePeaks(peaks).join(', ')}.`,
  );
}

function describePeers(row: BenchmarkRow): readonly string[] {
  return Object.entries(row.peers).map(
    ([peer, figure]) => `${peer} ${formatSignificant(figure)} (${formatTimesBetter(row, figure)})`,
  );
}

/** Of those that are not ours. */
function bestPeer(row: BenchmarkRow): { readonly peer: string; readonly figure: number } | undefined {
  const others = Object.entries(row.peers).filter(([peer]) => !isOurs(peer));
  const [best] = others.sort(([, a], [, b]) => timesBetter(row, a) - timesBetter(row, b));
  return best && { peer: best[0], figure: best[1] };
}
