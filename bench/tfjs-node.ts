/** TensorFlow.js on TensorFlow itself as a peer, where `npm run build:tfjs-node` has built it. */
import * as tf from '@tensorflow/tfjs-core';
import { loadTfjsNode } from '../functions/tfjs-node/load.ts';
import { findTfjsNode } from '../functions/tfjs-node/location.ts';

/** Makes it the backend, on one thread as its rivals; false where it is not here. */
export async function useTfjsNode(): Promise<boolean> {
  const entry = findTfjsNode();
  if (!entry) return false;
  process.env.TF_NUM_INTRAOP_THREADS = '1';
  process.env.TF_NUM_INTEROP_THREADS = '1';
  await loadTfjsNode(entry);
  return tf.setBackend('tensorflow');
}
