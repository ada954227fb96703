/** Errors of the filters that random walks are compared with. */
import { InputError } from '../../errors.ts';

/** A picture and probabilities that do not belong together, or a parameter out of its range. */
export class InvalidRefinement extends InputError {}
