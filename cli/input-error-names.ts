/** A stage's error reaches the command line by its name only; these mean that the input was bad and exit with 2. */
import * as datasetErrors from '../lib/datasets/errors.ts';
import { InvalidDataset } from '../lib/datasets/invalid-dataset.ts';
import { InputError } from '../lib/errors.ts';
import * as pipelineErrors from '../lib/pipeline/errors.ts';
import * as storageErrors from '../lib/storage/errors.ts';

const names: ReadonlySet<string> = new Set(
  Object.entries({ ...datasetErrors, InvalidDataset, ...pipelineErrors, ...storageErrors })
    .filter(([, value]) => value.prototype instanceof InputError)
    .map(([name]) => name),
);

export function isInputError(name: string): boolean {
  return names.has(name);
}
