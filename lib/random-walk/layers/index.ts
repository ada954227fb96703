/** Layers for `tf.layers` models: convolutional random walk networks (arXiv 1605.07681). */
export { PixelAffinity, type PixelAffinityArgs, pixelAffinity } from './pixel-affinity.ts';
export { RandomWalk, type RandomWalkArgs, randomWalk } from './random-walk.ts';
export { type SameLabelArgs, sameLabelLoss, sameLabelPairs } from './same-label.ts';
