/**
 * Photographs and paintings as users bring them, JPEG or PNG, decoded to RGB. What a file claims is checked before
 * anything of the size it claims is allocated; a picture that was cut off is refused, never padded with grey. Pixels come as they
 * are stored, whatever an EXIF orientation says: labels are drawn for those.
 */
import { decode as decodeJpegFile } from 'jpeg-js';
import { DatasetCorrupt, UnusablePicture } from './errors.ts';
import { type PngHeader, stripPng } from './png-chunks.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3], 0 to 255 */
  readonly rgb: Uint8Array;
}

/** Ends of the names of files that `decodePicture` reads. */
export const pictureExtensions = ['.jpg', '.jpeg', '.png'] as const;

/** A camera's largest; decoding takes about ten bytes a pixel. */
const largestPicture = 64_000_000;

/**
 * Throws UnusablePicture where the picture is too large, not RGB or transparent; DatasetCorrupt where the file is damaged.
 *
 * @param mostPixels that a picture may have
 */
export async function decodePicture(bytes: Uint8Array, file: string, mostPixels = largestPicture): Promise<Picture> {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes, file, mostPixels);
  if (pngSignature.every((byte, index) => bytes[index] === byte)) return decodePng(bytes, file, mostPixels);
  throw new DatasetCorrupt(file, 'it begins like neither a JPEG nor a PNG file');
}

function checkSize(width: number, height: number, file: string, mostPixels: number): void {
  if (width === 0 || height === 0) throw new DatasetCorrupt(file, `it claims to have ${width} × ${height} pixels`);
  if (width * height > mostPixels) {
    throw new UnusablePicture(
      file,
      `a picture may have ${mostPixels / 1e6} million pixels, this one claims ${width} × ${height}`,
      'make it smaller',
    );
  }
}

function decodeJpeg(bytes: Uint8Array, file: string, mostPixels: number): Picture {
  const { width, height, components } = readJpegFrame(bytes, file);
  checkSize(width, height, file, mostPixels);
  if (components !== 3) {
    const kinds: Record<number, string> = { 1: 'grey', 4: 'CMYK' };
    throw notRgb(file, kinds[components] ?? `of ${components} components`);
  }
  try {
    const { data } = decodeJpegFile(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: mostPixels / 1e6,
      maxMemoryUsageInMB: Math.max(256, (32 * mostPixels) / 1e6),
    });
    return { width, height, rgb: data };
  } catch (cause) {
    throw new DatasetCorrupt(file, `it cannot be decoded (${(cause as Error).message})`, { cause });
  }
}

/** Progressive files have about ten. Each costs a pass over all pixels, and can be a few bytes. */
const mostScans = 100;

/**
 * Walks a JPEG file's segments to its end (ISO/IEC 10918-1, B.1): the decoder itself takes whatever is missing for
 * zeros. Throws DatasetCorrupt where the end-of-image marker does not come, or there are more frames than one or scans than a
 * picture needs.
 */
function readJpegFrame(
  bytes: Uint8Array,
  file: string,
): { readonly width: number; readonly height: number; readonly components: number } {
  const cutOff = () => new DatasetCorrupt(file, `it ends before its picture does, after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let frame: { width: number; height: number; components: number } | undefined;
  let at = 2;
  let scans = 0;
  for (;;) {
    // Within a scan every byte is data, up to a marker that is neither a stuffed zero nor a restart.
    while (at + 1 < bytes.length && !isMarker(bytes, at)) at++;
    if (at + 1 >= bytes.length) throw cutOff();
    const marker = bytes[at + 1]!;
    at += 2;
    if (marker === 0xd9) break;
    if (at + 2 > bytes.length) throw cutOff();
    const length = view.getUint16(at);
    if (length < 2) throw new DatasetCorrupt(file, `a segment of it claims a length of ${length}`);
    if (at + length > bytes.length) throw cutOff();
    // Start of frame, whichever process; 0xC4, 0xC8 and 0xCC are tables.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      if (length < 8) throw new DatasetCorrupt(file, 'its frame header is too short');
      if (frame) throw new DatasetCorrupt(file, 'it has more than one frame');
      frame = { height: view.getUint16(at + 3), width: view.getUint16(at + 5), components: bytes[at + 7]! };
    }
    if (marker === 0xda && ++scans > mostScans) {
      throw new DatasetCorrupt(file, `it has more than ${mostScans} scans`);
    }
    at += length;
  }
  if (!frame) throw new DatasetCorrupt(file, 'it has no frame: it is a JPEG file without a picture');
  return frame;
}

function isMarker(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 1]!;
  return bytes[at] === 0xff && next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7);
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const pngHeaderBytes = 33;

/** What a PNG file claims to be. Throws DatasetCorrupt where it is none, UnusablePicture where it claims too many pixels. */
export function checkPngHeader(bytes: Uint8Array, file: string, mostPixels = largestPicture): PngHeader {
  if (!pngSignature.every((byte, index) => bytes[index] === byte)) {
    throw new DatasetCorrupt(file, 'it does not begin like a PNG file');
  }
  if (bytes.length < pngHeaderBytes) throw new DatasetCorrupt(file, `it ends within its header`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, pngHeaderBytes);
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  checkSize(width, height, file, mostPixels);
  return { width, height, bitDepth: bytes[24]!, colourType: bytes[25]! };
}

async function decodePng(bytes: Uint8Array, file: string, mostPixels: number): Promise<Picture> {
  const header = checkPngHeader(bytes, file, mostPixels);
  const { colourType } = header;
  if (colourType === 0 || colourType === 4) throw notRgb(file, 'grey');
  const stripped = stripPng(bytes, header, file);
  // Only here: most datasets of photographs have none.
  const { convertIndexedToRgb, decode } = await import('fast-png');
  try {
    const image = decode(stripped, { checkCrc: true });
    const { width, height, depth } = image;
    const { data, channels } = image.palette
      ? { data: convertIndexedToRgb(image), channels: image.palette[0]?.length ?? 3 }
      : image;
    const pixels = width * height;
    if (data.length !== pixels * channels) throw new DatasetCorrupt(file, 'it has fewer pixels than its header says');
    const shift = depth === 16 ? 8 : 0;
    const rgb = new Uint8Array(3 * pixels);
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        rgb[3 * pixel + channel] = data[channels * pixel + channel]! >> shift;
      }
      if (channels === 4 && data[4 * pixel + 3]! >> shift !== 255) {
        throw new UnusablePicture(file, 'it is transparent in places', 'lay it over a background');
      }
    }
    return { width, height, rgb };
  } catch (error) {
    if (error instanceof DatasetCorrupt || error instanceof UnusablePicture) throw error;
    throw new DatasetCorrupt(file, `it cannot be decoded (${(error as Error).message})`, { cause: error });
  }
}

function notRgb(file: string, kind: string): UnusablePicture {
  return new UnusablePicture(file, `pictures must be RGB, this one is ${kind}`, 'convert it to RGB');
}
