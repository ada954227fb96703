/** Errors of the HTTP API. Each has the status that it is answered with; `problem.ts` makes the problem document of it. */
import { InputError } from '../errors.ts';

export abstract class ApiError extends InputError {
  abstract readonly status: 400 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 422 | 503;
  /** A few words, the same for every occurrence. */
  abstract readonly title: string;
}

/** The body, a parameter or a header is not what the route's schema asks for. */
export class InvalidInput extends ApiError {
  readonly status = 400;
  readonly title = 'Invalid request';
}

export class RequestTooLarge extends ApiError {
  readonly status = 413;
  readonly title = 'Request too large';

  constructor(limitBytes: number) {
    super(`The request's body may have ${limitBytes} bytes here, and this one is longer. Send less at a time.`);
  }
}

export class UnsupportedMediaType extends ApiError {
  readonly status = 415;
  readonly title = 'Unsupported media type';

  constructor(contentType: string | undefined) {
    super(
      `The body must be JSON (Content-Type: application/json), and ${contentType === undefined ? 'the request does not say what it is' : `the request says ${JSON.stringify(contentType.slice(0, 100))}`}.`,
    );
  }
}

/** A picture or an array that is well-formed and cannot be worked with. */
export class UnprocessableInput extends ApiError {
  readonly status = 422;
  readonly title = 'Input cannot be processed';
}

/** The answer is there, and whoever carries it takes none of its length. */
export class AnswerTooLarge extends ApiError {
  readonly status = 422;
  readonly title = 'Answer too large';

  constructor(bytes: number, limitBytes: number) {
    super(
      `The answer has ${bytes} bytes on its way, of which Lambda passes on ${limitBytes}. Send Accept-Encoding: gzip, ask for less with limit, or read it from the store.`,
    );
  }
}

export class NotFound extends ApiError {
  readonly status = 404;
  readonly title = 'Not found';
}

/** There is such a path, and it is asked otherwise. */
export class MethodNotAllowed extends ApiError {
  readonly status = 405;
  readonly title = 'Method not allowed';

  /** As in the Allow header: `GET, HEAD`. */
  readonly allowed: string;

  constructor(method: string, allowed: string) {
    super(`This path takes ${allowed}, and not ${method.slice(0, 20)}.`);
    this.allowed = allowed;
  }
}

/** Nothing in the store has trained the model that the route answers with. */
export class ModelMissing extends ApiError {
  readonly status = 404;
  readonly title = 'Model not trained yet';

  constructor(what: string, experiment: string) {
    super(`The store has no ${what}. Train one with: stepwise run ${experiment} --preset laptop`);
  }
}

/** The store has no version of a dataset, or several of which none is the newest. */
export class DatasetNotImported extends ApiError {
  readonly status = 404;
  readonly title = 'Dataset not imported yet';

  /** @param experiment one that uses the dataset, and so imports it */
  constructor(dataset: string, experiment: string) {
    super(
      `The store has no dataset '${dataset}' that could be taken. Import it with: stepwise run ${experiment} --preset laptop`,
    );
  }
}

/** Runs of different experiments have nothing to compare. */
export class NotComparable extends ApiError {
  readonly status = 409;
  readonly title = 'Runs cannot be compared';
}

/** A page of another site, or a name that was made to point here, must not reach a server on loopback. */
export class ForeignOrigin extends ApiError {
  readonly status = 403;
  readonly title = 'Request from elsewhere refused';
}

export class DeadlineExceeded extends ApiError {
  readonly status = 503;
  readonly title = 'Deadline exceeded';

  constructor(milliseconds: number) {
    super(`The answer took longer than the ${milliseconds / 1000} s that a request has. Ask for less work at a time.`);
  }
}

/** Nobody is there to be told; it stops the work, and stands in the log. */
export class ClientGone extends ApiError {
  readonly status = 400;
  readonly title = 'Client gone';

  constructor() {
    super('The client closed its connection before it was answered.');
  }
}

/** As many requests compute here as may at one time. */
export class TooBusy extends ApiError {
  readonly status = 503;
  readonly title = 'Too busy';

  constructor(limit: number) {
    super(`${limit} requests compute here already, which is the limit. Try again in a few seconds.`);
  }
}
