/** What trained parameters are called in models, for those who read them without TensorFlow.js. */

/** The parameters' name of θ [channels], or [units] of a hidden layer, beside the back-end's. */
export const affinityWeightsName = 'affinity/weights';

/** The parameters' name of H [units, channels], beside θ [units]. */
export const hiddenWeightsName = 'affinity/hidden';
