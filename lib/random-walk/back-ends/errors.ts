/** Errors of the segmentation back-ends. */
import { InputError } from '../../errors.ts';

/** Settings of a network that cannot be built. */
export class InvalidBackEnd extends InputError {}

/** Images and labels that no network can be trained with. */
export class InvalidTrainingImages extends InputError {}
