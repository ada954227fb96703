/** The importers: one a dataset, listed here. */
import { binarizedMnistImporter } from './binarized-mnist.ts';
import { booksImporter } from './books.ts';
import { bsds500Importer } from './bsds500.ts';
import { cifar10Importer } from './cifar-10.ts';
import { cnnQuestionsImporter } from './cnn-questions.ts';
import { cocoCaptionsImporter } from './coco-captions-importer.ts';
import { UnknownDataset } from './errors.ts';
import { handwritingImporter } from './handwriting-importer.ts';
import type { DatasetImporter } from './importer.ts';
import { mnistImporter } from './mnist.ts';
import { readMnistLayout } from './mnist-layout.ts';
import { photographsImporter } from './photographs-importer.ts';
import { sbdImporter } from './sbd.ts';
import { sentencesImporter } from './sentences.ts';
import { sickImporter } from './sick.ts';
import { siftFlowImporter } from './sift-flow.ts';
import { stanfordBackgroundImporter } from './stanford-background.ts';
import { stylePicturesImporter } from './style-pictures-importer.ts';
import { vggFeaturesImporter } from './vgg-features.ts';
import { vocSegmentationImporter } from './voc-segmentation.ts';

export const importers: readonly DatasetImporter[] = [
  mnistImporter,
  binarizedMnistImporter,
  cifar10Importer,
  vggFeaturesImporter,
  photographsImporter,
  stylePicturesImporter,
  cocoCaptionsImporter,
  cnnQuestionsImporter,
  booksImporter,
  sickImporter,
  sentencesImporter,
  handwritingImporter,
  vocSegmentationImporter,
  sbdImporter,
  stanfordBackgroundImporter,
  siftFlowImporter,
  bsds500Importer,
];

/**
 * Of importers that take only the owner's own bytes: the same checks without those of checksums, by the dataset's name.
 * Whoever uploads a changed copy means it; whoever names a folder in passing, for a run, would rather be told.
 */
export const layoutReaders: Readonly<Record<string, DatasetImporter['read'] | undefined>> = {
  mnist: readMnistLayout,
};

/** Throws UnknownDataset. */
export function findImporter(name: string): DatasetImporter {
  const importer = importers.find((candidate) => candidate.name === name);
  if (!importer) {
    throw new UnknownDataset(
      name,
      importers.map((candidate) => candidate.name),
    );
  }
  return importer;
}
