import { deflateSync } from 'node:zlib';
import { decode, encode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { encodeLabels } from '../../lib/api/computing/label-picture.ts';
import { decodePicture } from '../../lib/datasets/decode-picture.ts';
import { withPrefix } from '../../lib/numerics/tensor-names.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { mostProbableLabels } from '../../lib/random-walk/evaluation/most-probable-labels.ts';
import { startWalk, walkToLimit } from '../../lib/random-walk/predict.ts';
import { refine } from '../../lib/random-walk/refine.ts';
import { segmentPicture } from '../../lib/random-walk/segmenter.ts';
import { apiWorld, storeModel } from './api-world.ts';
import { sampleSegmentation, segmentationClasses } from './sample-models.ts';

const [width, height, classes] = [24, 16, 2];

/** Dark to the left of column 10, bright to its right. */
const colours = Uint8Array.from({ length: width * height * 3 }, (_, index) =>
  Math.floor(index / 3) % width < 10 ? 40 : 200,
);
const image = Buffer.from(encode({ width, height, data: colours, channels: 3, depth: 8 })).toString('base64');
/** Segments whose border is three columns too far to the right. */
const values = Array.from({ length: width * height }, (_, pixel) =>
  pixel % width < 13 ? [0.75, 0.25] : [0.25, 0.75],
).flat();
const probabilities = { width, height, classes, values };

const labelsOf = (base64: string) => decode(Buffer.from(base64, 'base64'), { checkCrc: true }).data;

test('labels are a grey PNG that another decoder reads', () => {
  for (const [columns, rows] of [
    [1, 1],
    [3, 200],
    [301, 7],
  ] as const) {
    const labels = Uint8Array.from({ length: columns * rows }, (_, pixel) => (pixel * pixel) % 256);
    const picture = decode(encodeLabels(labels, columns, rows), { checkCrc: true });
    expect([picture.width, picture.height, picture.channels, picture.depth]).toEqual([columns, rows, 1, 8]);
    expect([...picture.data]).toEqual([...labels]);
  }
});

describe('POST /v1/segmentations/refine with probabilities', () => {
  test('moves the border to the edge, as refine() does', async () => {
    const { status, json } = await apiWorld().post('/v1/segmentations/refine', { image, probabilities });
    expect(status).toBe(200);
    const labels = labelsOf(json.labels);
    const picture = { width, height, data: colours };
    const expected = refine(picture, { ...probabilities, data: Float32Array.from(values) }, { accuracy: 'labels' });
    expect([...labels]).toEqual([...mostProbableLabels(expected).labels]);
    expect([...labels.slice(0, width)]).toEqual(Array.from({ length: width }, (_, column) => (column < 10 ? 0 : 1)));
  });

  test('takes settings: a walk of no weight leaves every pixel where it was', async () => {
    const { json } = await apiWorld().post('/v1/segmentations/refine', { image, probabilities, alpha: 0 });
    expect([...labelsOf(json.labels).slice(0, width)].indexOf(1)).toBe(13);
  });

  test('enlarges probabilities of a coarser grid', async () => {
    const coarse = { width: 3, height: 2, classes, values: [1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1] };
    const { status, json } = await apiWorld().post('/v1/segmentations/refine', { image, probabilities: coarse });
    expect([status, json.width, json.height]).toEqual([200, width, height]);
    expect([...labelsOf(json.labels).slice(0, width)].indexOf(1)).toBe(10);
  });

  test('is the PNG itself where that is asked for', async () => {
    const { ask } = apiWorld();
    const { status, headers } = await ask('/v1/segmentations/refine', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'image/png' },
      body: JSON.stringify({ image, probabilities }),
    });
    expect([status, headers.get('content-type'), headers.get('vary')]).toEqual([200, 'image/png', 'Accept']);
  });

  test.each([
    [
      'other sizes than numbers',
      { probabilities: { ...probabilities, classes: 3 } },
      422,
      /16 × 24 × 3 = 1152 numbers.*768/,
    ],
    [
      'more than the image has',
      { probabilities: { ...probabilities, width: 48, height: 8 } },
      422,
      /24 × 16, or smaller/,
    ],
    ['sums that are not 1', { probabilities: { ...probabilities, values: values.map((v) => v / 2) } }, 422, /sum/],
    [
      'a number that is no probability',
      { probabilities: { ...probabilities, values: [-1, ...values.slice(1)] } },
      400,
      /probabilities\.values\.0/,
    ],
    [
      'NaN, which JSON has as null',
      { probabilities: { ...probabilities, values: [null, ...values.slice(1)] } },
      400,
      /values\.0/,
    ],
    ['base64 with a prefix', { image: `data:image/png;base64,${image}`, probabilities }, 400, /without .*data: prefix/],
    ['a JPEG that was cut off', { image: jpegHeader(24, 16).slice(0, 24), probabilities }, 422, /image: it ends/],
    ['a JPEG without pixels', { image: jpegHeader(24, 16), probabilities }, 422, /image: it cannot be decoded/],
    ['a picture that was cut off', { image: image.slice(0, 80), probabilities }, 422, /image: it ends/],
    [
      'something else',
      { image: Buffer.from('GIF89a').toString('base64'), probabilities },
      422,
      /neither a JPEG nor a PNG/,
    ],
    ['a weight that draws unlike colours together', { probabilities, affinityWeights: 1 }, 400, /affinityWeights/],
    ['neither probabilities nor a back-end', { probabilities: undefined }, 400, /./],
    ['both', { probabilities, backEnd: 'large-fov' }, 400, /./],
  ])('refuses %s', async (_, change, status, detail) => {
    const answer = await apiWorld().post('/v1/segmentations/refine', { image, ...change });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(answer.json.detail).toMatch(detail);
  });
});

/** CRC of PNG (ISO 3309). */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

function png(claimedWidth: number, claimedHeight: number, packed: Uint8Array): string {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    checksum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, checksum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(claimedWidth, 0);
  header.writeUInt32BE(claimedHeight, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', packed),
    chunk('IEND', Buffer.alloc(0)),
  ]).toString('base64');
}

/** SOI, a frame header that claims a size, and nothing behind it but the end. */
function jpegHeader(claimedWidth: number, claimedHeight: number): string {
  const frame = Buffer.from([0xff, 0xc0, 0, 17, 8, 0, 0, 0, 0, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]);
  frame.writeUInt16BE(claimedHeight, 5);
  frame.writeUInt16BE(claimedWidth, 7);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), frame, Buffer.from([0xff, 0xd9])]).toString('base64');
}

describe('a walk that would take too long', () => {
  const [long, high] = [1000, 999];
  const large = Buffer.from(
    encode({ width: long, height: high, data: new Uint8Array(3 * long * high), channels: 3, depth: 8 }),
  ).toString('base64');

  test.each([
    ['more classes', { classes: 13 }, /0\.923\d* million pixels/],
    ['a greater radius', { classes: 12, radius: 10 }, /0\.263\d* million pixels/],
  ])('is refused by its picture: %s', async (_, { classes: count, ...settings }, detail) => {
    const uniform = Array<number>(4 * count).fill(1 / count);
    const given = { width: 2, height: 2, classes: count, values: uniform };
    const { status, json } = await apiWorld().post('/v1/segmentations/refine', {
      ...{ image: large, probabilities: given },
      ...settings,
    });
    expect([status, json.detail]).toEqual([422, expect.stringMatching(detail)]);
  });
});

describe('bombs', () => {
  test.each([
    ['a PNG header of 10⁹ pixels', () => png(100_000, 10_000, deflateSync(Buffer.alloc(10))), /100000 × 10000/],
    ['a JPEG header of 10⁹ pixels', () => jpegHeader(50_000, 20_000), /50000 × 20000/],
    [
      '200 MB behind a header of 4 pixels',
      () => png(2, 2, deflateSync(Buffer.alloc(200_000_000))),
      /unpacks to more than the 14 bytes/,
    ],
  ])('%s is refused before it costs memory', async (_, make, detail) => {
    const bomb = make();
    const before = process.memoryUsage().arrayBuffers;
    const { status, json } = await apiWorld().post('/v1/segmentations/refine', { image: bomb, probabilities });
    expect(status).toBe(422);
    expect(json.detail).toMatch(detail);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });
});

test.each(['NaN', 'Infinity', '-1e999', '1e999'])('%s is no probability', async (number) => {
  const body = JSON.stringify({ image, probabilities }).replace('0.75', number);
  const { status, json } = await apiWorld().ask('/v1/segmentations/refine', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect([status, json.title]).toEqual([400, 'Invalid request']);
});

describe('POST /v1/segmentations/refine with a back-end', () => {
  beforeAll(() => startTensorFlow('wasm-relaxed'));

  test('segments by the newest network of the kind, and walks along its affinities', async () => {
    const { store, post } = apiWorld();
    const version = '0123456789abcdef';
    const model = sampleSegmentation({ name: 'voc-segmentation', version });
    const artifact = await storeModel(store, model);
    const index = {
      formatVersion: 1,
      labelFormat: 'png',
      classNames: segmentationClasses,
      training: [],
      validation: [],
    };
    await store.put(keys.datasetFile('voc-segmentation', version, 'index.json'), JSON.stringify(index));
    const { status, json } = await post('/v1/segmentations/refine', { image, backEnd: 'large-fov' });
    expect([status, json.classes, json.model?.artifact]).toEqual([200, segmentationClasses, artifact]);

    const parameters = withPrefix('random-walk', model.tensors);
    const picture = await decodePicture(Buffer.from(image, 'base64'), 'image');
    const segmented = segmentPicture(JSON.parse(model.metadata.backEnd!), parameters, picture, 'rgb-conv1');
    const weights = parameters['affinity/weights']!.data as Float32Array;
    const { scores } = walkToLimit(startWalk(segmented, { weights, radius: 5 }), 0.99);
    expect([...labelsOf(json.labels)]).toEqual([...mostProbableLabels({ ...segmented, data: scores }).labels]);
  });

  test('classes of a dataset that was removed have no names', async () => {
    const { store, post } = apiWorld();
    await storeModel(store, sampleSegmentation());
    const { status, json } = await post('/v1/segmentations/refine', { image, backEnd: 'large-fov' });
    expect([status, json.classes]).toEqual([200, []]);
  });

  test('without such a network, says which command trains one', async () => {
    const { store, post } = apiWorld();
    await storeModel(store, sampleSegmentation());
    const { status, json } = await post('/v1/segmentations/refine', { image, backEnd: 'attention' });
    expect([status, json.detail]).toEqual([
      404,
      expect.stringMatching(/attention.*stepwise run random-walk\/segmentation/),
    ]);
  });
});
