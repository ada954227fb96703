/** The last lines of a process's output, in bounded memory. */

const mostLines = 50;
/** All of it goes into a state's cause, of which Step Functions keeps 32,768 characters. */
const longestLineCharacters = 400;

export class LogTail {
  readonly #lines: string[] = [];
  readonly #unfinished = new Map<string, string>();

  /** Adds text of one stream (`stdout`, `stderr`); a line counts when it is complete. */
  add(stream: string, text: string): void {
    const lines = ((this.#unfinished.get(stream) ?? '') + text).split('\n');
    this.#unfinished.set(stream, (lines.pop() ?? '').slice(0, longestLineCharacters));
    for (const line of lines) this.#push(line);
  }

  /** The last 50 lines, the unfinished ones included. */
  toString(): string {
    const unfinished = [...this.#unfinished.values()].filter((line) => line !== '');
    return [...this.#lines, ...unfinished].slice(-mostLines).join('\n');
  }

  #push(line: string): void {
    this.#lines.push(line.slice(0, longestLineCharacters));
    if (this.#lines.length > mostLines) this.#lines.shift();
  }
}
