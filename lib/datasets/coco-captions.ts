/**
 * Pictures with five captions each, as order-embeddings are trained on: of a picture there are only a convolutional
 * network's features. The paper's are MS-COCO's (Lin et al. 2014) in Karpathy's splits, with VGG-19's features averaged
 * over ten crops; in the store lie the files of Vendrov et al., `coco.zip`, under shorter names.
 */
import { parseCaptionLines } from './caption-lines.ts';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { type Float32Matrix, parseNpy } from './npy.ts';

export const captionSplits = ['train', 'val', 'test'] as const;
export type CaptionSplit = (typeof captionSplits)[number];

export const captionsPerPicture = 5;

/** Names in the store. */
export const captionFile = (split: CaptionSplit) => `${split}.txt`;
export const featureFile = (split: CaptionSplit) => `${split}.npy`;

export interface CaptionedPictures {
  /** [pictures, features], each row of unit norm. */
  readonly features: Float32Matrix;
  /** 5 a picture: those of picture p are 5p to 5p + 4. Words separated by blanks. */
  readonly captions: readonly string[];
}

/** One split. Throws DatasetCorrupt. */
export async function readCocoCaptions(reader: DatasetReader, split: CaptionSplit): Promise<CaptionedPictures> {
  const names = { captions: captionFile(split), features: featureFile(split) };
  const captions = parseCaptionLines(await reader.file(names.captions), names.captions);
  const features = parseNpy(await reader.file(names.features), names.features);
  checkCaptionCount(captions.length, features.rows, names);
  normalizeRows(features, names.features);
  return { captions, features };
}

/** So many pictures from one on, with their captions: the test folds are such. */
export function slicePictures(
  { features, captions }: CaptionedPictures,
  first: number,
  count: number,
): CaptionedPictures {
  const { columns, data } = features;
  return {
    features: { rows: count, columns, data: data.subarray(first * columns, (first + count) * columns) },
    captions: captions.slice(captionsPerPicture * first, captionsPerPicture * (first + count)),
  };
}

/** Throws DatasetCorrupt where the two files are not of the same pictures. */
export function checkCaptionCount(
  captions: number,
  pictures: number,
  names: { readonly captions: string; readonly features: string },
): void {
  if (captions === captionsPerPicture * pictures) return;
  throw new DatasetCorrupt(
    names.captions,
    `it has ${captions} captions, ${names.features} has features of ${pictures} pictures, and a picture has ${captionsPerPicture} captions`,
  );
}

/** Scales every row to a Euclidean norm of 1, as the authors did before they trained. */
function normalizeRows({ rows, columns, data }: Float32Matrix, file: string): void {
  for (let row = 0; row < rows; row++) {
    const features = data.subarray(row * columns, (row + 1) * columns);
    let square = 0;
    for (const value of features) square += value * value;
    if (!(square > 0 && Number.isFinite(square))) throw unusableRow(file, row);
    const scale = 1 / Math.sqrt(square);
    for (let column = 0; column < columns; column++) features[column]! *= scale;
  }
}

export function unusableRow(file: string, row: number): DatasetCorrupt {
  return new DatasetCorrupt(
    file,
    'a picture’s features must be finite and not all zero: they are scaled to a norm of 1',
    { record: row },
  );
}
