import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { decodePicture } from '../../lib/datasets/decode-picture.ts';
import { DatasetCorrupt, UnusablePicture } from '../../lib/datasets/errors.ts';
import { middleSquare, resizeRegion } from '../../lib/datasets/resize-picture.ts';
import { pngFile } from './png-file.ts';

/** A PNG file of one row of bytes as they are, with whatever header. */
const png = (width: number, height: number, colourType: number, row: readonly number[]) =>
  pngFile({ width, height, bitDepth: 8, colourType }, [row]);

function jpeg(width: number, height: number): Buffer {
  const data = Buffer.alloc(4 * width * height, 255);
  for (let pixel = 0; pixel < width * height; pixel++) data.set([200, 100, 50], 4 * pixel);
  return encodeJpeg({ width, height, data }, 90).data;
}

/** Where a JPEG's frame header begins: FF C0, length, precision, height, width, components. */
const frameOf = (file: Buffer) => file.indexOf(Buffer.from([0xff, 0xc0]));

describe('decodePicture', () => {
  test('reads RGB from PNG, and from JPEG to within its rounding', async () => {
    expect(await decodePicture(png(2, 1, 2, [1, 2, 3, 250, 251, 252]), 'a.png')).toEqual({
      width: 2,
      height: 1,
      rgb: Uint8Array.of(1, 2, 3, 250, 251, 252),
    });
    const opaque = await decodePicture(png(1, 1, 6, [7, 8, 9, 255]), 'a.png');
    expect([...opaque.rgb]).toEqual([7, 8, 9]);
    const { width, height, rgb } = await decodePicture(jpeg(17, 9), 'a.jpg');
    expect([width, height, rgb.length]).toEqual([17, 9, 3 * 17 * 9]);
    for (const [index, value] of [200, 100, 50].entries()) expect(Math.abs(rgb[index]! - value)).toBeLessThan(6);
  });

  test('reads PNG of 16 bits by its higher bytes, and of a palette by its colours', async () => {
    const row = [0xab, 0xcd, 0x12, 0x34, 0xff, 0x00];
    const deep = pngFile({ width: 1, height: 1, bitDepth: 16, colourType: 2 }, [row]);
    expect([...(await decodePicture(deep, 'a.png')).rgb]).toEqual([0xab, 0x12, 0xff]);
    const opaque = pngFile({ width: 1, height: 1, bitDepth: 16, colourType: 6 }, [[...row, 0xff, 0xff]]);
    expect([...(await decodePicture(opaque, 'a.png')).rgb]).toEqual([0xab, 0x12, 0xff]);
    const indexed = pngFile({ width: 2, height: 1, bitDepth: 8, colourType: 3 }, [[3, 200]]);
    expect([...(await decodePicture(indexed, 'a.png')).rgb]).toEqual([3, 252, 7, 200, 55, 7]);
  });

  test.each([
    [
      'a grey PNG of 16 bits',
      pngFile({ width: 1, height: 1, bitDepth: 16, colourType: 0 }, [[1, 2]]),
      /this one is grey/,
    ],
    ['a grey PNG with alpha', png(1, 1, 4, [1, 255]), /this one is grey/],
    [
      'a PNG of 16 bits that is transparent',
      pngFile({ width: 1, height: 1, bitDepth: 16, colourType: 6 }, [[1, 1, 1, 1, 1, 1, 0x7f, 0xff]]),
      /transparent in places/,
    ],
    ['a grey PNG', png(2, 1, 0, [1, 2]), /must be RGB, this one is grey/],
    ['a transparent PNG', png(1, 1, 6, [1, 2, 3, 128]), /transparent in places/],
    ['a PNG that claims 10⁹ pixels', png(40_000, 25_000, 2, [1]), /claims 40000 × 25000/],
  ])('refuses %s', async (_, file, message) => {
    await expect(decodePicture(file, 'mine.png')).rejects.toThrow(UnusablePicture);
    await expect(decodePicture(file, 'mine.png')).rejects.toThrow(message);
    await expect(decodePicture(file, 'mine.png')).rejects.toThrow(/^mine\.png: /);
  });

  test('refuses a JPEG that claims 4·10⁹ pixels, is CMYK or grey, by its header alone', async () => {
    const claiming = (height: number, width: number, components: number) => {
      const file = jpeg(8, 8);
      const frame = frameOf(file);
      file.writeUInt16BE(height, frame + 5);
      file.writeUInt16BE(width, frame + 7);
      file[frame + 9] = components;
      return decodePicture(file, 'mine.jpg');
    };
    await expect(claiming(65_535, 65_535, 3)).rejects.toThrow(UnusablePicture);
    await expect(claiming(8, 8, 4)).rejects.toThrow(/this one is CMYK/);
    await expect(claiming(8, 8, 1)).rejects.toThrow(/this one is grey/);
    await expect(claiming(0, 8, 3)).rejects.toThrow(DatasetCorrupt);
  });

  test.each([
    ['PNG', png(2, 1, 2, [1, 2, 3, 4, 5, 6])],
    ['JPEG', jpeg(24, 16)],
  ])('refuses a %s file that was cut off, wherever', async (_, file) => {
    for (let length = 1; length < file.length; length += 7) {
      const cut = file.subarray(0, length);
      await expect(decodePicture(cut, 'cut'), `after ${length} bytes`).rejects.toThrow(DatasetCorrupt);
    }
  });

  test('refuses a PNG whose bytes were changed, one with too few rows, and what is no picture', async () => {
    const changed = png(2, 1, 2, [1, 2, 3, 4, 5, 6]);
    changed[45]! ^= 1;
    await expect(decodePicture(changed, 'a.png')).rejects.toThrow(/cannot be decoded/);
    await expect(decodePicture(png(2, 3, 2, [1, 2, 3, 4, 5, 6]), 'a.png')).rejects.toThrow(DatasetCorrupt);
    await expect(decodePicture(Buffer.from('GIF89a'), 'a.gif')).rejects.toThrow(/neither a JPEG nor a PNG/);
    await expect(decodePicture(new Uint8Array(0), 'empty')).rejects.toThrow(DatasetCorrupt);
  });
});

describe('resizeRegion', () => {
  const ramp = {
    width: 6,
    height: 4,
    rgb: Uint8Array.from({ length: 72 }, (_, at) => 10 * (Math.floor(at / 3) % 6) + Math.floor(at / 18)),
  };

  test('keeps what is not made smaller, and averages what is', () => {
    expect(resizeRegion(ramp, { x: 0, y: 0, width: 6, height: 4 }, 6, 4)).toEqual(ramp);
    const half = resizeRegion(ramp, { x: 0, y: 0, width: 6, height: 4 }, 3, 2);
    expect([...half.rgb.filter((_, at) => at % 3 === 0)]).toEqual([6, 26, 46, 8, 28, 48]);
  });

  test('counts fractions of pixels as such: six columns in four', () => {
    const four = resizeRegion(ramp, { x: 0, y: 0, width: 6, height: 1 }, 4, 1);
    // (0 + ½·10)/1.5, (½·10 + 20)/1.5, …
    expect([...four.rgb.filter((_, at) => at % 3 === 0)]).toEqual([3, 17, 33, 47]);
  });

  test('cuts the middle square', () => {
    expect(middleSquare(ramp)).toEqual({ x: 1, y: 0, width: 4, height: 4 });
  });
});
