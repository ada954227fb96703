/** Errors of the learned optimizers. */
import { RunError } from '../errors.ts';

/** No learning rate of the grid ended with a finite loss. */
export class TuningFailed extends RunError {
  constructor(optimizer: string, low: number, high: number) {
    super(
      `Tuning ${optimizer}: every learning rate from ${low} to ${high} diverged before the horizon. Shorten the horizon, or check the problem's gradient.`,
    );
  }
}

/** Meta-training left nothing worth keeping. */
export class MetaTrainingDiverged extends RunError {
  constructor(episodes: number, skippedUpdates: number) {
    super(
      `No validation of ${episodes} episodes of meta-training ended with a finite loss (${skippedUpdates} updates were skipped because their meta-gradient was not finite). Lower metaLearningRate or outputScale.`,
    );
  }
}

/** Nothing that a random search tried is worth keeping. */
export class EveryCandidateDiverged extends RunError {
  constructor(candidates: readonly string[]) {
    super(
      `None of the ${candidates.length} candidates of the search over the meta-learning rate (${candidates.join(', ')}) ended a validation with a finite loss. Lower metaLearningRate or outputScale.`,
    );
  }
}

/** A trained model's tensors or metadata are not those of a learned optimizer. */
export class InvalidLearnedOptimizer extends RunError {
  constructor(problem: string) {
    super(`This model is not a learned optimizer of this version: ${problem}. Delete the artifact and train again.`);
  }
}
