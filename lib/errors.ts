/**
 * The base of every error that Stepwise raises on purpose. Each area derives its own classes in its own `errors.ts`;
 * a class exists where a state machine (retry and catch by name) or a caller treats the case differently.
 *
 * A message states the invariant, what came instead, and the likely fix.
 */
export abstract class StepwiseError extends Error {
  /** What the command line exits with: 2 for bad usage or bad input, 1 for a run that failed. */
  abstract readonly exitCode: 1 | 2;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // Step Functions retries and catches by this name; a bundler that renames classes must not change it (esbuild keepNames).
    this.name = new.target.name;
  }
}

/** The user asked for something that cannot be: ends with exit code 2, before any training starts. */
export abstract class InputError extends StepwiseError {
  override readonly exitCode = 2;
}

/** Something went wrong while running: ends with exit code 1. */
export abstract class RunError extends StepwiseError {
  override readonly exitCode = 1;
}
