/** Errors of training and of what it leaves. */
import { RunError } from '../errors.ts';

/** A model's tensors are not those that the code expects of its kind. */
export class InvalidModel extends RunError {
  constructor(problem: string) {
    super(`This model is not one of this version: ${problem}. Delete the artifact and train again.`);
  }
}

/** Training could not go on: its losses or gradients were not finite. */
export class TrainingDiverged extends RunError {
  constructor(skipped: number, updates: number) {
    super(
      `${skipped} of ${updates} updates had a loss or a gradient that was not finite. Lower learningRate, or clip gradients.`,
    );
  }
}
