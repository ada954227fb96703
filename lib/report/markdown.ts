/** Markdown by parts, with everything that came from elsewhere made harmless. */

/** Plain text: no markup, link, mention or table cell can come out of it. */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]|~]/g, '\\$&')
    .replaceAll('@', '&#64;')
    .replace(/^([#+-])/, '\\$1')
    .replace(/^(\d+)([.)])(?= |$)/, '$1\\$2');
}

/** A name in code type; one that could break out of it is plain text. */
export function codeSpan(name: string): string {
  return /^[\w.+-]+$/.test(name) ? `\`${name}\`` : escapeMarkdown(name);
}

export interface MarkdownColumn {
  readonly label: string;
  readonly number?: boolean;
}

/** Cells are Markdown already. */
export function markdownTable(columns: readonly MarkdownColumn[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ label }) => escapeMarkdown(label))),
    line(columns.map(({ number }) => (number ? '---:' : '---'))),
    ...rows.map(line),
  ].join('\n');
}
