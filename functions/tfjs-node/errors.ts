/** Errors of the build. It runs in the image before anything of the project is there, so they have no base from lib/. */

/** The machine lacks what the build needs, or is not one that TensorFlow is built for. */
export class CannotBuild extends Error {
  override readonly name = 'CannotBuild';
}

/** A tool of the build ended with an error. */
export class ToolFailed extends Error {
  override readonly name = 'ToolFailed';

  constructor(tool: string, ended: string, output: string, hint: string) {
    super(`${tool} must end well, and ended with ${ended}. ${hint}\n${lastLines(output)}`.trimEnd());
  }
}

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-20).join('\n');
}
