/** Errors of the command line. */
import { InputError, RunError } from '../lib/errors.ts';

/** An option's value, or a combination of options, makes no sense. */
export class InvalidUsage extends InputError {}

export class UnknownPreset extends InputError {
  constructor(preset: string, nearest: string | undefined, known: readonly string[]) {
    super(
      `There is no preset '${preset}'.${nearest ? ` Did you mean '${nearest}'?` : ''} There are: ${known.join(', ')}.`,
    );
  }
}

/** `--data` names no folder that can be read. */
export class DataFolderMissing extends InputError {
  constructor(folder: string, problem: string, options?: ErrorOptions) {
    super(`--data must name a folder that holds datasets, and ${folder} ${problem}.`, options);
  }
}

export class ReportMissing extends InputError {
  constructor(run: string, status: string) {
    super(
      `Run ${run} has no report: it is ${status}. A report is made when a run succeeds; 'stepwise resume ${run}' goes on.`,
    );
  }
}

/** `--record` without what it needs: a checkout, a verdict. */
export class CannotRecord extends InputError {
  constructor(problem: string, options?: ErrorOptions) {
    super(`The result cannot be recorded: ${problem}.`, options);
  }
}

/** `stepwise serve` on a port that another program has, or that needs more rights. */
export class CannotListen extends InputError {
  constructor(port: number, cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : (cause.code ?? cause.message);
    super(`Port ${port} of 127.0.0.1 cannot be used: ${why}. Name another with --port; 0 takes any that is free.`, {
      cause,
    });
  }
}

/** An execution that Step Functions cannot go on with. */
export class CannotRedrive extends InputError {
  constructor(run: string, problem: string, instead: string) {
    super(`Run ${run} cannot be redriven: ${problem}. ${instead}`);
  }
}

/** AWS does not answer, does not know who asks, or does not let them. */
export class AwsRefused extends RunError {
  constructor(service: string, problem: string, options?: ErrorOptions) {
    super(`${service} cannot be used: ${problem}.`, options);
  }
}

/** The state machine on AWS ended otherwise than by success. */
export class ExecutionFailed extends RunError {}

const schedulerHints: Readonly<Record<string, string>> = {
  ConflictException:
    "It has an entry of that name in the group 'stepwise', from somewhere else: choose another name, or delete it there.",
  ResourceNotFoundException:
    "The deployment's schedule group, or the entry, is not there: deploy first; a schedule whose entry is gone can be removed and added again.",
};

/** EventBridge Scheduler did not do what it was asked: no group, a name that is taken, a role that it cannot take. */
export class SchedulerRefused extends InputError {
  constructor(schedule: string, kind: string, message: string, options?: ErrorOptions) {
    const hint = schedulerHints[kind] ?? 'Check --schedule-target against the deployment.';
    const refusal = `${kind}: ${message.split('\n')[0]}`;
    super(`EventBridge Scheduler did not take the schedule '${schedule}' (${refusal}). ${hint}`, options);
  }
}
