/** Errors of the datasets: all of them bad input, found before anything is trained or written. */
import { InputError } from '../errors.ts';

export class UnknownDataset extends InputError {
  constructor(name: string, known: readonly string[]) {
    super(`There is no importer for a dataset '${name}'. There are: ${known.join(', ')}.`);
  }
}

/** A folder, a file or a stored version that should be there is not. */
export class DatasetMissing extends InputError {
  constructor(dataset: string, problem: string, options?: ErrorOptions) {
    super(`Dataset '${dataset}' is missing: ${problem}.`, options);
  }
}

/** It is there but cannot be read: permission, a folder in place of a file, links in a circle. */
export class DatasetUnreadable extends InputError {
  constructor(dataset: string, path: string, problem: string, options?: ErrorOptions) {
    super(`Dataset '${dataset}' cannot be read: ${path} ${problem}.`, options);
  }
}

/** It can be read but is not what it should be. `record` counts from 0, as the file's own readers do. */
export class DatasetCorrupt extends InputError {
  readonly file: string;
  /** Without the file's name, for whoever gave it no name. */
  readonly problem: string;
  readonly record: number | undefined;

  constructor(file: string, problem: string, options: ErrorOptions & { record?: number } = {}) {
    const where = options.record === undefined ? file : `${file}, record ${options.record}`;
    super(`${where}: ${problem}. Get the file again from its owner, or from a copy that is whole.`, options);
    this.file = file;
    this.problem = problem;
    this.record = options.record;
  }
}

/** It is a whole picture, but not one that can be used: too large, not RGB, transparent. */
export class UnusablePicture extends InputError {
  readonly file: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(file: string, problem: string, remedy: string) {
    super(`${file}: ${problem}. Please ${remedy}, or take it out of the folder.`);
    this.file = file;
    this.problem = problem;
    this.remedy = remedy;
  }
}
