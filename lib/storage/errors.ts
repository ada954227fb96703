/** Errors of the object store, the same for all implementations. */
import { InputError, RunError } from '../errors.ts';

export class ObjectNotFound extends RunError {
  constructor(key: string, location: string) {
    super(`There is no object '${key}' in ${location}. It was deleted, or never written.`);
  }
}

/** A conditional write found that another writer had been there. Nothing was written. */
export class PreconditionFailed extends RunError {
  constructor(key: string, expected: string) {
    super(`'${key}' was not written: ${expected}. Another writer came first; read it again and decide anew.`);
  }
}

export class InvalidKey extends InputError {
  constructor(key: string, problem: string) {
    super(
      `${JSON.stringify(key.slice(0, 200))} cannot be a key of the store: ${problem}. Keys are relative, '/'-separated, without empty, '.' or '..' segments.`,
    );
  }
}

/** `--store` names something that is no store: another scheme, a file, a bucket without a name. */
export class InvalidStoreLocation extends InputError {
  constructor(location: string, problem: string) {
    super(`'${location}' cannot be a store: ${problem}. Name a folder, or s3://BUCKET or s3://BUCKET/PREFIX.`);
  }
}

export class StoreTooNew extends InputError {
  constructor(location: string, formatVersion: number, supported: number) {
    super(
      `The store ${location} has format ${formatVersion}, this version of Stepwise knows formats up to ${supported}: a newer version wrote it. Update Stepwise, or name another folder with --store.`,
    );
  }
}

export class StoreCorrupt extends InputError {
  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(
      `The store ${location} cannot be used: ${problem}. Restore what was changed by hand, or name another folder with --store.`,
      options,
    );
  }
}

export class DiskFull extends InputError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      `The disk is full, or a quota is used up: ${path} could not be written. What was there before is unharmed. Free some space, or name a folder on another disk with --store; 'stepwise resume' then goes on.`,
      options,
    );
  }
}

export class StoreNotWritable extends InputError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      `${path} cannot be written: permission is missing, or the file system is read-only. Change its owner, mode or policy, or name another place with --store.`,
      options,
    );
  }
}

export class StoreNotReadable extends InputError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      `${path} cannot be read: permission is missing. Change its owner, mode or policy, or name another place with --store.`,
      options,
    );
  }
}

/** S3 does not answer, or does not know who asks. A passing fault of the network is retried by the SDK before this. */
export class StoreUnreachable extends RunError {
  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(
      `${location} cannot be reached: ${problem}. Check the network, AWS_PROFILE or the other AWS_ variables.`,
      options,
    );
  }
}

/** An update lost against other writers so often that something must be wrong. */
export class UpdateConflict extends RunError {
  constructor(key: string, attempts: number) {
    super(
      `'${key}' was changed by others during each of ${attempts} attempts to update it. Fewer runs at once, or try again.`,
    );
  }
}

/** A line of a JSON Lines object is not what its schema asks for. */
export class InvalidLine extends InputError {
  constructor(key: string, line: number, problem: string, options?: ErrorOptions) {
    super(`Line ${line} of '${key}' is not a record that this version of Stepwise can read: ${problem}.`, options);
  }
}
