/** A picture in a request: base64 of a PNG or JPEG file, hostile until decoded. */
import { decodePicture, type Picture } from '../../datasets/decode-picture.ts';
import { DatasetCorrupt, UnusablePicture } from '../../datasets/errors.ts';
import { decodeBase64 } from '../base64.ts';
import { UnprocessableInput } from '../errors.ts';

/**
 * Throws InvalidInput where it is no base64, UnprocessableInput where it is no picture that can be used.
 *
 * @param mostPixels that it may have, which is checked before anything of its size is allocated
 */
export async function readPicture(base64: string, name: string, mostPixels: number): Promise<Picture> {
  const bytes = decodeBase64(base64, name);
  try {
    return await decodePicture(bytes, name, mostPixels);
  } catch (error) {
    if (error instanceof UnusablePicture) {
      throw new UnprocessableInput(`${name}: ${error.problem}. Please ${error.remedy}.`, { cause: error });
    }
    if (error instanceof DatasetCorrupt) {
      throw new UnprocessableInput(`${name}: ${error.problem}. It must be a whole PNG or JPEG file.`, { cause: error });
    }
    throw error;
  }
}
