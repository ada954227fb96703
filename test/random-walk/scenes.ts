import { makeLabelledScenes } from '../../lib/datasets/stand-ins/labelled-scenes.ts';
import { type Datasets, datasetOf } from '../layer-norm/run-experiment.ts';

/** The made scenes in memory, 64 × 48 pixels, whatever dataset is asked for. */
export async function openScenes(): Promise<Datasets> {
  const files: Record<string, Uint8Array> = {};
  for (const { name, open } of makeLabelledScenes().files) {
    const parts: Uint8Array[] = [];
    for await (const part of open()) parts.push(part);
    files[name] = Buffer.concat(parts);
  }
  return async (name) => datasetOf(name, files);
}
