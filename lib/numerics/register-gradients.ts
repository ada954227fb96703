/**
 * Importing this makes TensorFlow.js's operations differentiable. `tfjs-core` built for Node leaves the gradients of its
 * operations out; `tfjs-layers` registers all of them, for every copy of the core, and is the one way to get them there.
 */
import '@tensorflow/tfjs-layers';
// After those that it is in place of.
import './matrix-product-gradient.ts';
