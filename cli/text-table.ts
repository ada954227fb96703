/** Tables as plain text, for a terminal. */
import { formatSignificant } from '../lib/report/format-numbers.ts';
import { isNumberColumn, type ReportTable } from '../lib/report/report.ts';

export interface TextColumn {
  readonly label: string;
  readonly number?: boolean;
}

/** Columns two spaces apart, a rule below the labels, no space at the ends of lines. */
export function renderTextTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(oneLine));
  const widths = columns.map(({ label }, index) =>
    Math.max(widthOf(label), ...clean.map((row) => widthOf(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ number }, index) => {
        const cell = cells[index] ?? '';
        const padding = ' '.repeat(widths[index]! - widthOf(cell));
        return number ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ label }) => label)),
    line(widths.map((width) => '─'.repeat(width))),
    ...clean.map(line),
  ].join('\n');
}

/** A summary's table, numbers to their columns' digits. */
export function renderSummaryTable(table: ReportTable): string {
  const columns = table.columns.map(({ label }, index) => ({ label, number: isNumberColumn(table, index) }));
  const rows = table.rows.map((row) =>
    table.columns.map(({ digits }, index) => {
      const cell = row[index];
      return typeof cell === 'string' ? cell : formatSignificant(cell, digits);
    }),
  );
  return renderTextTable(columns, rows);
}

/** Text from elsewhere cannot move the cursor or change the terminal. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function widthOf(text: string): number {
  return [...text].length;
}
