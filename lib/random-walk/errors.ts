/** Errors of random walks over pixels. */
import { InputError } from '../errors.ts';

/** An image, probabilities or affinities that a random walk cannot work with. */
export class InvalidWalkInput extends InputError {}

/** A radius, an α or a tolerance out of its range. */
export class InvalidWalkSetting extends InputError {}
