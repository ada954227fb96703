/** Errors of the evaluation of segmentations. */
import { InputError } from '../../errors.ts';

/** Label maps that do not belong together, or a label that is no class. */
export class InvalidSegmentation extends InputError {}
