/**
 * Takes captioned pictures as Vendrov et al. publish MS-COCO for order-embeddings: `train.txt`, `val.txt` and `test.txt`
 * with five captions a picture, one a line, and the pictures' features in `images/10crop/train.npy` and so on.
 */
import { createHash } from 'node:crypto';
import { parseCaptionLines } from './caption-lines.ts';
import { captionFile, captionSplits, checkCaptionCount, featureFile, unusableRow } from './coco-captions.ts';
import type { DatasetOrigin } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { type CheckedFile, checkedFile, type DatasetImporter } from './importer.ts';
import { checkNpyLength, mostHeaderBytes, type NpyHeader, parseNpyHeader } from './npy.ts';
import { findSourceFile, readSourceFile, type SourceFile, streamSourceFile } from './source-files.ts';
import { isEmojiPackage, makeCaptionedEmoji } from './stand-ins/captioned-emoji.ts';
import { makeCaptionedShapes } from './stand-ins/captioned-shapes.ts';

/** COCO's training captions have 33 MB. */
const mostCaptionBytes = 500_000_000;

/** Pictures of Karpathy's splits of MS-COCO. */
const karpathySplits = { train: 113_287, val: 5000, test: 5000 } as const;

export const cocoCaptionsImporter: DatasetImporter = {
  name: 'coco-captions',
  // The authors' archive unpacks to the first.
  ownerFolderNames: ['coco', 'coco-captions'],
  package: { name: 'emoji-datasource', folder: '.' },
  makeStandIn: () => ({
    origin: 'stand-in',
    description: 'MS-COCO’s place holder: coloured shapes, described and drawn in code.',
    files: Object.entries(makeCaptionedShapes()).map(([name, bytes]) => checkedFile(name, bytes)),
  }),

  async read(folder) {
    if (await isEmojiPackage(folder)) {
      const { description, files } = await makeCaptionedEmoji(folder);
      return {
        origin: 'stand-in',
        description,
        files: Object.entries(files).map(([name, bytes]) => checkedFile(name, bytes)),
      };
    }
    const files: CheckedFile[] = [];
    const headers: NpyHeader[] = [];
    for (const split of captionSplits) {
      const captions = await findSourceFile('coco-captions', folder, [`${split}.txt`, `${split}.txt.gz`]);
      const features = await findSourceFile(
        'coco-captions',
        folder,
        // The authors' own are in the first; who has only one kind of features needs no such folders.
        [`images/10crop/${split}.npy`, `images/VGG19/${split}.npy`, `images/${split}.npy`, `${split}.npy`],
      );
      const bytes = await readSourceFile(captions, mostCaptionBytes);
      const lines = parseCaptionLines(bytes, captions.path);
      const checked = await checkFeatures(features);
      checkCaptionCount(lines.length, checked.header.rows, { captions: captions.path, features: features.path });
      const first = headers[0];
      if (first && checked.header.columns !== first.columns) {
        throw new DatasetCorrupt(
          features.path,
          `its pictures have ${checked.header.columns} features, those of ${captionSplits[0]} have ${first.columns}`,
        );
      }
      headers.push(checked.header);
      const text = new TextEncoder().encode(`${lines.join('\n')}\n`);
      files.push(checkedFile(captionFile(split), text), { ...checked.file, name: featureFile(split) });
    }
    return { ...describe(headers), files };
  },
};

/** One pass over a file that may have gigabytes: its header, its length, that all is finite, and its checksum. */
async function checkFeatures(
  source: SourceFile,
): Promise<{ readonly header: NpyHeader; readonly file: Omit<CheckedFile, 'name'> }> {
  const hash = createHash('sha256');
  let start = new Uint8Array(0);
  let header: NpyHeader | undefined;
  let size = 0;
  /** Bytes of an element that a piece's end cut through. */
  let rest = new Uint8Array(0);
  let element = 0;
  const take = (piece: Uint8Array, { columns }: NpyHeader) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    const whole = bytes.length - (bytes.length % 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < whole; at += 4, element++) {
      if (!Number.isFinite(view.getFloat32(at, true))) throw unusableRow(source.path, Math.floor(element / columns));
    }
    rest = bytes.slice(whole);
  };
  for await (const piece of streamSourceFile(source)) {
    hash.update(piece);
    size += piece.length;
    if (header) take(piece, header);
    else {
      start = Buffer.concat([start, piece]);
      if (start.length < mostHeaderBytes) continue;
      header = parseNpyHeader(start, source.path);
      take(start.subarray(header.dataOffset), header);
    }
  }
  if (!header) {
    header = parseNpyHeader(start, source.path);
    take(start.subarray(header.dataOffset), header);
  }
  checkNpyLength(size, header, source.path);
  return { header, file: { size, sha256: hash.digest('hex'), open: () => streamSourceFile(source) } };
}

/** No checksum of the authors' files is published: theirs is what has their sizes. */
function describe(headers: readonly NpyHeader[]): { readonly origin: DatasetOrigin; readonly description: string } {
  const isCoco = captionSplits.every((split, index) => {
    const { rows, columns } = headers[index]!;
    return rows === karpathySplits[split] && columns === 4096;
  });
  const counts = headers.map(({ rows }) => rows.toLocaleString('en')).join(' + ');
  return isCoco
    ? {
        origin: 'paper (re-encoded)',
        description: `MS-COCO in Karpathy’s splits, ${counts} pictures with five captions and 4,096 features each; by its sizes, for its authors publish no checksum.`,
      }
    : {
        origin: 'stand-in',
        description: `The user’s own captioned pictures: ${counts}, with five captions and ${headers[0]!.columns} features each.`,
      };
}
