/** Errors of the pipeline. State machines and callers tell them apart by class name. */
import { InputError, RunError } from '../errors.ts';

export class UnknownExperiment extends InputError {
  constructor(name: string, nearest: string | undefined) {
    super(
      `There is no experiment '${name}'.${nearest ? ` Did you mean '${nearest}'?` : ''} 'stepwise list' shows them all.`,
    );
  }
}

/** The request, or a parameter in it, is not what the schema asks for. */
export class InvalidRequest extends InputError {}

/** A record in the bucket cannot be read by this version. */
export class InvalidRecord extends InputError {
  constructor(key: string, problem: string) {
    super(`${key} is not a record that this version of Stepwise can read: ${problem}.`);
  }
}

export class UnknownRun extends InputError {
  constructor(run: string, location: string) {
    super(
      `There is no run '${run}' in ${location}. 'stepwise list' and the folder runs/ show what is there; --store names another store.`,
    );
  }
}

/** An evaluation asked for a model that no trial of the run has left. */
export class ArtifactMissing extends RunError {
  constructor(trial: string, digest: string) {
    super(`Trial '${trial}' has no artifact (${digest}): its training failed or has not run.`);
  }
}

/** An artifact's bytes are not those that its manifest names. */
export class ArtifactCorrupt extends RunError {
  constructor(key: string, expected: string, actual: string) {
    super(
      `${key} has the digest ${actual}, its manifest says ${expected}: the file was changed after training. Delete the artifact's folder and run again.`,
    );
  }
}

/** The process computes on another backend than the one the plan's digests were made for. */
export class BackendMismatch extends RunError {
  constructor(planned: string, actual: string) {
    super(
      `The plan was made for the numeric backend ${planned}, this process computes on ${actual}: its results would be filed under the wrong digest. Set STEPWISE_BACKEND, or plan for ${actual}.`,
    );
  }
}

/** An evaluation made a picture that no report could show. */
export class InvalidEvaluationImage extends RunError {
  constructor(name: string, problem: string) {
    super(
      `The evaluation's picture '${name}' cannot be kept: ${problem.replaceAll('\n', ' ')}. Pass RGBA, row by row.`,
    );
  }
}

/** A price table that cannot be read. */
export class InvalidPrices extends InputError {
  constructor(from: string, problem: string) {
    super(`${from} is not a price table: ${problem}. docs/cost.md shows one.`);
  }
}

/** The run would cost more than it may. Trying again would cost more still. */
export class BudgetExceeded extends RunError {}

/** Some trials of a batch failed; the others are trained. Each failure has its own record. */
export class TrialsFailed extends RunError {}

/** More of the run failed than the request tolerates. */
export class TooManyTrialsFailed extends RunError {}

/** A schedule's name, times or settings are not what its schema asks for. */
export class InvalidSchedule extends InputError {
  constructor(problem: string) {
    super(`The schedule was not accepted: ${problem}.`);
  }
}

export class ScheduleExists extends InputError {
  constructor(name: string) {
    super(
      `There is a schedule '${name}' already. Choose another name, or remove it first: 'stepwise schedule remove ${name}'.`,
    );
  }
}

export class UnknownSchedule extends InputError {
  constructor(name: string, location: string) {
    super(
      `There is no schedule '${name.slice(0, 60)}' in ${location}. 'stepwise schedule list' shows them; --store names another store.`,
    );
  }
}

/** A subscription's dataset, experiment or settings are not what its schema asks for. */
export class InvalidSubscription extends InputError {
  constructor(problem: string) {
    super(`The subscription was not accepted: ${problem}.`);
  }
}

export class SubscriptionExists extends InputError {
  constructor(dataset: string, experiment: string, preset: string) {
    super(
      `${experiment} (${preset}) runs for '${dataset}' already. To change how, remove it first: 'stepwise subscription remove ${dataset} ${experiment} --preset ${preset}'.`,
    );
  }
}

export class UnknownSubscription extends InputError {
  constructor(dataset: string, experiment: string, location: string) {
    super(
      `In ${location} no upload of '${dataset.slice(0, 60)}' starts '${experiment.slice(0, 60)}'. 'stepwise subscription list' shows what is there; --store names another store.`,
    );
  }
}

/** The chat or service behind a webhook did not take the message. Its address is a secret and in no message. */
export class WebhookFailed extends RunError {
  constructor(problem: string) {
    super(`The message was not delivered: ${problem}. Check the webhook's address where it is kept.`);
  }
}
