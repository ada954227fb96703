/** Errors of the optimizers that users of TensorFlow.js train with. */
import { InputError } from '../../errors.ts';

/** Bytes are no learned optimizer, or one of a format that is newer than this code. */
export class InvalidOptimizerFile extends InputError {
  constructor(source: string, problem: string, options?: ErrorOptions) {
    super(`${source} is not a learned optimizer that this version reads: ${problem}`, options);
  }
}

/** `load` was asked for what is neither shipped nor to be read from where it should be. */
export class UnknownOptimizer extends InputError {}

/** A saved state, or the state of the steps before, does not belong to the variables that came. */
export class OptimizerStateMismatch extends InputError {}

/** A gradient came that no variable of this name and shape can take. */
export class InvalidGradient extends InputError {}

/** A learning rate that no optimizer can use. */
export class InvalidLearningRate extends InputError {
  constructor(optimizer: string, came: unknown) {
    super(`The learning rate of ${optimizer} must be a positive number, got ${came}.`);
  }
}
