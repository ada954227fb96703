/** Progress on a terminal: a few lines that are redrawn, and elsewhere a plain line every few seconds. */
import type { Terminal } from './terminal.ts';

const redrawMilliseconds = 200;
const plainMilliseconds = 4_000;

export interface ProgressView<Progress> {
  update(progress: Progress): void;
  /** Draws the end and leaves it on the screen. */
  close(progress: Progress): void;
}

export interface ProgressRendering<Progress> {
  /** None longer than the terminal is wide: a line that wraps cannot be redrawn. */
  lines(progress: Progress, columns: number): readonly string[];
  /** The same in one line. */
  plain(progress: Progress): string;
}

/** `now`: milliseconds, as the throttle counts them. */
export function openProgressView<Progress>(
  terminal: Terminal,
  now: () => number,
  rendering: ProgressRendering<Progress>,
): ProgressView<Progress> {
  return terminal.isInteractive ? openRedrawnView(terminal, now, rendering) : openPlainView(terminal, now, rendering);
}

/** So that it fits into so many characters. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

function openRedrawnView<Progress>(
  terminal: Terminal,
  now: () => number,
  rendering: ProgressRendering<Progress>,
): ProgressView<Progress> {
  let drawnLines = 0;
  let lastDrawnAt = Number.NEGATIVE_INFINITY;
  const draw = (progress: Progress) => {
    const lines = rendering.lines(progress, terminal.columns);
    const up = drawnLines > 0 ? `\u001b[${drawnLines}A` : '';
    terminal.draw(`${up}${lines.map((line) => `\r\u001b[2K${line}\n`).join('')}`);
    drawnLines = lines.length;
    lastDrawnAt = now();
  };
  return {
    update: (progress) => {
      if (now() - lastDrawnAt >= redrawMilliseconds) draw(progress);
    },
    close: draw,
  };
}

function openPlainView<Progress>(
  terminal: Terminal,
  now: () => number,
  rendering: ProgressRendering<Progress>,
): ProgressView<Progress> {
  let lastToldAt = Number.NEGATIVE_INFINITY;
  let lastLine = '';
  const tell = (progress: Progress) => {
    const line = rendering.plain(progress);
    if (line !== lastLine) terminal.tell(line);
    lastLine = line;
    lastToldAt = now();
  };
  return {
    update: (progress) => {
      if (now() - lastToldAt >= plainMilliseconds) tell(progress);
    },
    close: tell,
  };
}
