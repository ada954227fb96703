/** Ctrl-C: the first stops the work in order, the second at once. */
import type { Terminal } from './terminal.ts';

/** Calls `work` with a signal that Ctrl-C and SIGTERM set off. */
export async function interruptible<T>(terminal: Terminal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    terminal.tell('Stopping; once more to stop at once.');
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
