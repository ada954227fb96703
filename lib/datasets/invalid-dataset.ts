/** In a file of its own: code digests cover errors.ts, and no result depends on this. */
import { InputError } from '../errors.ts';

/** A dataset version in the store is not what a manifest may describe, or not what its own manifest describes. */
export class InvalidDataset extends InputError {
  readonly key: string;

  constructor(key: string, problem: string, options?: ErrorOptions) {
    super(
      `${key} describes no dataset that can be used: ${problem}. Upload the dataset again with 'stepwise upload'.`,
      options,
    );
    this.key = key;
  }
}
