/** Errors of the layers that users of TensorFlow.js build models with. */
import { InputError } from '../errors.ts';

/** A layer was given a setting that it does not have, or that contradicts another. */
export class InvalidLayerSetting extends InputError {
  constructor(layer: string, problem: string) {
    super(`${layer}: ${problem}`);
  }
}

/** What reaches a layer has a shape that it cannot work with. */
export class InvalidLayerInput extends InputError {
  constructor(layer: string, problem: string) {
    super(`${layer}: ${problem}`);
  }
}

/** Weights do not have the names or shapes that the layer, or the other library, has. */
export class InvalidWeights extends InputError {}
