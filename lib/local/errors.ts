/** Errors of the local engine. */
import { InputError, RunError } from '../errors.ts';

/** The definition uses something that the local engine would have to ignore. Ignoring it would make the two engines differ. */
export class UnsupportedDefinitionField extends InputError {
  readonly state: string;
  readonly field: string;

  constructor(state: string, field: string, reason: string) {
    super(
      `The local engine runs only what it fully implements; ${state} has the field ${field}: ${reason}. Change the definition, or teach lib/local/ the field.`,
    );
    this.state = state;
    this.field = field;
  }
}

/** The template refers to something that it does not contain, or that cannot be known outside an account. */
export class UnresolvableTemplate extends InputError {}

/** An error as Step Functions sees one: a name that Retry and Catch match, and a cause. */
export class StateError extends RunError {
  /** Terminal errors pass by every Retry and Catch, also by States.ALL. */
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  constructor(name: string, cause: string, options: { readonly terminal?: boolean } = {}) {
    super(cause.slice(0, longestCauseCharacters));
    this.name = name;
    this.isRetryable = !options.terminal;
    this.isCatchable = !options.terminal;
  }
}

/** What Step Functions keeps of a cause. */
const longestCauseCharacters = 32_768;
