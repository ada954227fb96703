import type { DatasetReader } from '../../../lib/datasets/dataset.ts';
import { siftFlowImporter } from '../../../lib/datasets/sift-flow.ts';
import { stanfordBackgroundImporter } from '../../../lib/datasets/stanford-background.ts';
import { vocSegmentationImporter } from '../../../lib/datasets/voc-segmentation.ts';
import { datasetOf } from '../../layer-norm/run-experiment.ts';

const importers = [vocSegmentationImporter, stanfordBackgroundImporter, siftFlowImporter];

/** The scenes made in code that hold a dataset's place, in memory. */
export async function madeScenes(name: string): Promise<DatasetReader> {
  const importer = importers.find((candidate) => candidate.name === name);
  const files: Record<string, Uint8Array> = {};
  for (const file of importer!.makeStandIn!().files) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.open()) chunks.push(chunk);
    files[file.name] = new Uint8Array(Buffer.concat(chunks));
  }
  return datasetOf(name, files);
}
