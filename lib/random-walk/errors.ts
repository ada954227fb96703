/** Errors of random walks over pixels. */
import { InputError, RunError } from '../errors.ts';

/** An image, probabilities or affinities that a random walk cannot work with. */
export class InvalidWalkInput extends InputError {}

/** A radius, an α or a tolerance out of its range. */
export class InvalidWalkSetting extends InputError {}

/** A solver did not reach its tolerance in the steps that it must take: its numbers are not to be used. */
export class WalkNotConverged extends RunError {}
