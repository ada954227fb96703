/**
 * What reads bytes from outside: every format that an importer takes, and what lies in a store. Each with whole files to begin
 * with; what it does with any other bytes is to refuse them by an error of ours, or to take them.
 */
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { parseBook } from '../../lib/datasets/books.ts';
import { decodeHumanSegmentations } from '../../lib/datasets/bsds500.ts';
import { parseCaptionLines } from '../../lib/datasets/caption-lines.ts';
import { countRecords, recordBytes } from '../../lib/datasets/cifar-10.ts';
import { datasetManifestSchema } from '../../lib/datasets/dataset.ts';
import { decodeLabels } from '../../lib/datasets/decode-labels.ts';
import { decodePicture } from '../../lib/datasets/decode-picture.ts';
import { parseLineStrokes, parseTranscription } from '../../lib/datasets/iam-ondb.ts';
import { parseLabelledImages } from '../../lib/datasets/mnist.ts';
import { parseNpy } from '../../lib/datasets/npy.ts';
import { parseDrawing } from '../../lib/datasets/omniglot.ts';
import { parseQuestionFile } from '../../lib/datasets/parse-question-file.ts';
import { parseSentences } from '../../lib/datasets/sentences.ts';
import { parseSick } from '../../lib/datasets/sick.ts';
import { decodeLines } from '../../lib/datasets/text-lines.ts';
import { decodeOptimizerFile } from '../../lib/learned-optimizers/tensorflow/optimizer-file.ts';
import { decodeSafetensors, encodeSafetensors } from '../../lib/numerics/safetensors.ts';
import { parseRecord } from '../../lib/pipeline/records.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Whole files, which it takes. */
  readonly samples: readonly Uint8Array[];
  /** Throws an error of ours where it refuses them. */
  run(bytes: Uint8Array): unknown;
  /** Makes checksums right again, behind which nothing else would be looked at. */
  repair?(bytes: Uint8Array): Uint8Array;
}

/** The checksums of a PNG file's chunks, as far as they lie where their lengths say. */
function repairPng(file: Uint8Array): Uint8Array {
  const bytes = Buffer.from(file);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length) break;
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return bytes;
}

const text = (content: string) => Buffer.from(content);
const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString();

const matFiles = JSON.parse(readFileSync(new URL('../golden/mat-files.json', import.meta.url), 'utf8'));
const mat = (content: string) => Buffer.from(content, 'base64');

const rgb = Uint8Array.from({ length: 8 * 6 * 3 }, (_, index) => (37 * index) % 256);
const rgba = Uint8Array.from({ length: 8 * 6 * 4 }, (_, index) => (index % 4 === 3 ? 255 : (29 * index) % 256));
const pngs = [
  encodePng({ width: 8, height: 6, data: rgb, channels: 3, depth: 8 }),
  encodePng({ width: 8, height: 6, data: rgba, channels: 4, depth: 8 }),
  encodePng({ width: 4, height: 6, data: new Uint16Array(4 * 6 * 3).fill(900), channels: 3, depth: 16 }),
];
const jpegs = [
  encodeJpeg({ width: 8, height: 6, data: rgba }, 80).data,
  encodeJpeg({ width: 16, height: 16, data: new Uint8Array(1024).fill(255) }, 20).data,
];
const labels = encodePng({
  width: 8,
  height: 6,
  data: Uint8Array.from({ length: 48 }, (_, k) => k % 5),
  channels: 1,
  depth: 8,
});

function idx(sizes: readonly number[], values: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x800 + sizes.length);
  for (const [index, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * index);
  return Buffer.concat([header, values]);
}
const idxImages = idx([3, 28, 28], new Uint8Array(3 * 784).fill(7));
const idxLabels = idx([3], Uint8Array.of(1, 2, 3));

const npyHeader = `${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117)}\n`;
const npy = Buffer.concat([
  Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
  text(npyHeader),
  Buffer.alloc(24),
]);

const question = `http://example.org/1

@entity1 met @entity2 in @entity3 , it said

who met @placeholder ?

@entity2

@entity1:Ann
@entity2:Bob
@entity3:Rome
`;
const strokes = `<?xml version="1.0"?>
<WhiteboardCaptureSession><StrokeSet>
<Stroke colour="black"><Point x="1" y="2" time="0.1"/><Point x="3.5" y="-4" time="0.2"/></Stroke>
<Stroke><Point x="5" y="6" time="1"/></Stroke>
</StrokeSet></WhiteboardCaptureSession>
`;
const manifest = {
  formatVersion: 1,
  name: 'mnist',
  version: '0123456789abcdef',
  origin: 'stand-in',
  description: 'Made.',
  files: [
    { name: 'a/b.bin', size: 3, sha256: '0'.repeat(64) },
    { name: 'c', size: 0, sha256: 'f'.repeat(64) },
  ],
};
const request = {
  run: 'run-1',
  experiment: 'a/b',
  preset: 'smoke',
  overrides: { steps: 3, deep: { list: [1, 'x', null] } },
  seeds: 2,
  budgetUsDollars: 0.5,
};
const optimizerFile = readFileSync(
  new URL('../../lib/learned-optimizers/pretrained/quadratics.safetensors', import.meta.url),
);

export const formatTargets: readonly FuzzTarget[] = [
  // The images stand before the labels, and are as long as their own header says.
  {
    name: 'idx',
    samples: [Buffer.concat([idxImages, idxLabels])],
    run: (bytes) =>
      parseLabelledImages(bytes.subarray(0, idxImages.length), bytes.subarray(idxImages.length), 'images', 'labels'),
  },
  { name: 'cifar-10', samples: [new Uint8Array(2 * recordBytes)], run: (bytes) => countRecords(bytes, 'batch') },
  { name: 'png', repair: repairPng, samples: pngs, run: (bytes) => decodePicture(bytes, 'picture') },
  { name: 'jpeg', samples: jpegs, run: (bytes) => decodePicture(bytes, 'picture') },
  { name: 'png-labels', repair: repairPng, samples: [labels], run: (bytes) => decodeLabels('png', bytes, 'labels', 5) },
  {
    name: 'sbd-labels',
    samples: [mat(matFiles.sbd.plain), mat(matFiles.sbd.compressed)],
    run: (bytes) => decodeLabels('sbd', bytes, 'labels', 21),
  },
  {
    name: 'sift-flow-labels',
    samples: [mat(matFiles.siftFlow.plain), mat(matFiles.siftFlow.compressed)],
    run: (bytes) => decodeLabels('sift-flow', bytes, 'labels', 33),
  },
  {
    name: 'bsds500-truth',
    samples: [mat(matFiles.bsds500.compressed)],
    run: (bytes) => decodeHumanSegmentations(bytes, 'truth', 6, 4),
  },
  {
    name: 'regions-labels',
    samples: [text('0 1 2\n-1 3 7\n')],
    run: (bytes) => decodeLabels('regions', bytes, 'labels', 8),
  },
  { name: 'npy', samples: [npy], run: (bytes) => parseNpy(bytes, 'features') },
  { name: 'cloze-question', samples: [text(question)], run: (bytes) => parseQuestionFile(bytes, 'question') },
  { name: 'pen-strokes', samples: [text(strokes)], run: (bytes) => parseLineStrokes(utf8(bytes), 'strokes') },
  {
    name: 'transcription',
    samples: [text('OCR:\n\nA b\n\nCSR:\n\nA b\nc d\n')],
    run: (bytes) => parseTranscription(utf8(bytes), 'text'),
  },
  {
    name: 'omniglot-drawing',
    samples: [text('START\n1,2,3\n4.5,-6,7\nBREAK\n8,9,10\nBREAK\n')],
    run: (bytes) => parseDrawing(utf8(bytes), 'drawing'),
  },
  {
    name: 'sick',
    samples: [text('pair_ID\tsentence_A\tsentence_B\trelatedness_score\n1\tA dog.\tA cat.\t3.5\n2\tx\ty\t5\n')],
    run: (bytes) => parseSick(bytes, 'sick'),
  },
  {
    name: 'sentences',
    samples: [text('A good film .\nBad\n'), Buffer.from('caf\u00e9 .\n', 'latin1')],
    run: (bytes) => parseSentences(bytes, 'sentences'),
  },
  {
    name: 'captions',
    samples: [text('A man rides .\nA dog .\n'.repeat(3))],
    run: (bytes) => parseCaptionLines(bytes, 'captions'),
  },
  {
    name: 'book',
    samples: [
      text('*** START OF THIS BOOK ***\nOne. "Two," he said.\n\nThree\nfour.\n*** END OF'),
      Buffer.from('\ufeffA b. C d!', 'utf16le'),
    ],
    run: (bytes) => parseBook(decodeLines(bytes, 'book')),
  },
  {
    name: 'safetensors',
    samples: [
      encodeSafetensors(
        { a: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }, b: { shape: [1], data: Int32Array.of(5) } },
        { kind: 'x' },
      ),
    ],
    run: (bytes) => decodeSafetensors(bytes),
  },
  { name: 'optimizer-file', samples: [optimizerFile], run: (bytes) => decodeOptimizerFile(bytes, 'optimizer') },
  {
    name: 'dataset-manifest',
    samples: [text(JSON.stringify(manifest))],
    run: (bytes) => parseRecord('_manifest.json', utf8(bytes), datasetManifestSchema),
  },
  {
    name: 'run-request',
    samples: [text(JSON.stringify(request))],
    run: (bytes) => parseRecord('request.json', utf8(bytes), runRequestSchema),
  },
];
