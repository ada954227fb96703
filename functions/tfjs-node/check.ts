/** Run by build.ts in a process of its own, with what was built: an addition that does not load would end the process. */
import { createRequire } from 'node:module';
import { loadTfjsNode } from './load.ts';

const [entry = ''] = process.argv.slice(2);
await loadTfjsNode(entry);
const tf = createRequire(entry)('@tensorflow/tfjs-core');
// topk is among the operations that need what Node 23 removed.
const { values, indices } = tf.topk(
  tf.matMul(
    tf.tensor2d([[1, 2]]),
    tf.tensor2d([
      [3, 4, 5],
      [6, 8, 7],
    ]),
  ),
  2,
);
const { binding, isUsingGpuDevice } = tf.backend();
console.log(
  JSON.stringify({
    version: binding.TF_Version,
    gpu: isUsingGpuDevice,
    result: [...values.dataSync(), ...indices.dataSync()],
  }),
);
