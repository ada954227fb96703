/** Rows of a table by their numbers, with a gradient that every backend can compute. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * table[ids]. The gradient of `tf.gather` needs a kernel that the WebAssembly backend lacks; this one adds the rows up by
 * `tf.scatterND`.
 *
 * @param table [rows, width]
 * @param ids int32 of any shape, each 0 to rows − 1
 * @returns [...ids' shape, width]
 */
export function embed(table: tf.Tensor2D, ids: tf.Tensor): tf.Tensor {
  const [, width] = table.shape;
  const flat = tf.reshape(tf.cast(ids, 'int32'), [ids.size]) as tf.Tensor1D;
  const lookUp = tf.customGrad((rows, save) => {
    const keep = save as tf.GradSaveFunc;
    keep([flat]);
    return {
      value: tf.gather(rows as tf.Tensor2D, flat),
      gradFunc: (dy, saved) => {
        const indices = tf.reshape(saved[0]!, [ids.size, 1]);
        return tf.scatterND(indices, dy as tf.Tensor2D, table.shape);
      },
    };
  });
  return tf.reshape(lookUp(table), [...ids.shape, width]);
}
