/** Digits of somebody's own in MNIST's files. Beside mnist.ts, because code digests cover that and no result depends on this. */
import { DatasetCorrupt } from './errors.ts';
import { type CheckedDataset, checkedFile } from './importer.ts';
import { mnistImporter, parseLabelledImages } from './mnist.ts';
import { findSourceFile, readSourceFile, type SourceFile } from './source-files.ts';

const dataset = 'mnist';
/** Ten times MNIST. */
const mostImageBytes = 600_000 * 28 * 28;
const mostLabelBytes = 1_000_000;

/**
 * MNIST itself where the bytes are the owners'; else whatever has its four files, whole, of 28 × 28 pixels and a label from
 * 0 to 9 each. Throws DatasetMissing, DatasetUnreadable, DatasetCorrupt.
 */
export async function readMnistLayout(folder: string): Promise<CheckedDataset> {
  try {
    return await mnistImporter.read(folder);
  } catch (error) {
    // Other bytes, or a broken file: what follows tells them apart.
    if (!(error instanceof DatasetCorrupt)) throw error;
  }
  const training = await readSplit(folder, 'train');
  const test = await readSplit(folder, 't10k');
  return {
    origin: 'stand-in',
    description: `In MNIST’s files and not MNIST: ${training.count} + ${test.count} images of 28 × 28 pixels, ten classes.`,
    files: [...training.files, ...test.files],
  };
}

async function readSplit(folder: string, split: 'train' | 't10k') {
  const imagesName = `${split}-images-idx3-ubyte`;
  const labelsName = `${split}-labels-idx1-ubyte`;
  const imagesSource = await find(folder, imagesName);
  const labelsSource = await find(folder, labelsName);
  const labelFile = await readSourceFile(labelsSource, mostLabelBytes);
  const imageFile = await readSourceFile(imagesSource, mostImageBytes);
  const { labels } = parseLabelledImages(imageFile, labelFile, imagesSource.path, labelsSource.path);
  if (labels.length === 0) throw new DatasetCorrupt(imagesSource.path, 'it has no images');
  return {
    count: labels.length,
    files: [checkedFile(imagesName, imageFile), checkedFile(labelsName, labelFile)],
  };
}

/** As `mnist.ts` finds them. */
function find(folder: string, name: string): Promise<SourceFile> {
  const dotted = name.replace('-idx', '.idx');
  return findSourceFile(dataset, folder, [name, dotted, `${name}.gz`, `${dotted}.gz`]);
}
