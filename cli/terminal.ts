/** Where a command's words go: results to stdout, everything else to stderr. A reader that goes away early is no error. */

export interface Terminal {
  /** Results. */
  print(text: string): void;
  /** Progress and messages, a line. */
  tell(line: string): void;
  /** Progress as it is, with control characters; only where `isInteractive`. */
  draw(text: string): void;
  readonly isInteractive: boolean;
  readonly columns: number;
}

export function openTerminal(): Terminal {
  let closed = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (stream === process.stdout) closed = true;
    });
  }
  return {
    print: (text) => {
      if (!closed) process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    },
    tell: (line) => void process.stderr.write(`${line}\n`),
    draw: (text) => void process.stderr.write(text),
    isInteractive: process.stderr.isTTY === true && process.env.TERM !== 'dumb' && !process.env.CI,
    columns: process.stderr.columns || 80,
  };
}
