/** A `tf.layers` model as files, and a process of its own that loads one and predicts: `node saved-model.ts FOLDER`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import '../../../lib/layer-norm/layers/index.ts';

/** As a browser or tfjs-node would: model.json, and the weights beside it. */
export async function saveModel(model: LayersModel, folder: string): Promise<void> {
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      await writeFile(join(folder, 'model.json'), JSON.stringify({ modelTopology, weightSpecs }));
      await writeFile(join(folder, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
}

export async function loadModel(folder: string): Promise<LayersModel> {
  const { modelTopology, weightSpecs } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  const weights = await readFile(join(folder, 'weights.bin'));
  const weightData = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength);
  return loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: weightData as ArrayBuffer }));
}

/** The outputs' bits for inputs that are always the same. */
export function predictedBits(model: LayersModel): string {
  return tf.tidy(() => {
    const inputs = model.inputs.map(({ shape }, index) =>
      tf.randomNormal([4, ...shape.slice(1).map((size) => size ?? 3)], 0, 1, 'float32', 40 + index),
    );
    const values = (model.predict(inputs) as tf.Tensor).dataSync();
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await startTensorFlow('wasm-plain');
  console.log(predictedBits(await loadModel(process.argv[2]!)));
}
