/** Errors of layer normalization and its layers. */
import { InputError } from '../errors.ts';

/** A tensor or a set of parameters does not have the shape that an operation needs. */
export class LayerNormShapeError extends InputError {}

/** Another library's weights, or those for it, do not mean the same in ours. */
export class UnconvertibleWeights extends InputError {}
